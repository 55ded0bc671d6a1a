#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/namespaces/kinds.h"
#include "common/namespaces/mounts.h"
#include "common/namespaces/user_map.h"
#include "doctor/checks.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

constexpr uid_t kNobody = 65534;

// clone3(2) accepts CLONE_NEWTIME only since Linux 6.0, unshare(2) since 5.6,
// where it applies to later children.
Command CommandIn(const NamespaceKind& kind) {
  Command command;
  if (kind.clone_flag == CLONE_NEWTIME) {
    command.in_child.push_back([] {
      return unshare(CLONE_NEWTIME) == 0
                 ? absl::OkStatus()
                 : ErrnoError(errno, "make a time namespace");
    });
  } else {
    command.clone_flags = kind.clone_flag;
  }
  return command;
}

std::string FixFor(const absl::Status& error, const std::string& limit) {
  switch (ErrnoOf(error)) {
    case ENOSPC:
      return absl::StrCat("sudo sysctl -w ", limit, "=15000");
    case EPERM:
      return "this may be a container: go to its host, or start it with "
             "--privileged";
    default:
      return "another kernel: docs/lab.md";
  }
}

Row CheckKind(const NamespaceKind& kind) {
  const std::string link = absl::StrCat("/proc/self/ns/", kind.name);
  if (access(link.c_str(), F_OK) != 0) {
    return {kind.name, Verdict::kNo,
            absl::StrCat("this kernel is built without it: no ", link),
            "another kernel: docs/lab.md"};
  }
  const std::string limit = absl::StrCat("max_", kind.name, "_namespaces");
  const absl::StatusOr<std::string> most =
      ReadKernelFile(absl::StrCat("/proc/sys/user/", limit));
  absl::Status outcome = Try(CommandIn(kind));
  if (outcome.ok() || TakesRoot(outcome)) {
    Row row = RowOfTrial(kind.name, outcome, "made one", "");
    row.detail =
        absl::StrCat(kind.of, ": ", row.detail, ", at most ",
                     most.ok() ? *most : absl::StrCat(most.status().message()));
    return row;
  }
  if (most.ok() && *most == "0") {
    outcome = MakeError(outcome.code(),
                        absl::StrCat(kind.of, ": user.", limit, " is 0"),
                        ENOSPC, ExitStatusOf(outcome));
  }
  return RowOfTrial(kind.name, outcome, "",
                    FixFor(outcome, absl::StrCat("user.", limit)));
}

// Returns the user who called `sudo make doctor`, or else `nobody`.
uid_t OrdinaryUser() {
  const char* text = getenv("SUDO_UID");
  uid_t uid = 0;
  return text != nullptr && absl::SimpleAtoi(text, &uid) && uid != 0 ? uid
                                                                     : kNobody;
}

absl::Status BecomeOrdinaryUser() {
  const uid_t uid = OrdinaryUser();
  if (setgroups(0, nullptr) != 0 || setresgid(uid, uid, uid) != 0 ||
      setresuid(uid, uid, uid) != 0) {
    return ErrnoError(errno, absl::StrCat("become user ", uid));
  }
  // After a change of uid, a process's files in /proc belong to root (proc(5),
  // PR_SET_DUMPABLE), so it could not write its map. An ordinary user has not
  // changed uid.
  prctl(PR_SET_DUMPABLE, 1);
  return absl::OkStatus();
}

// Does what chapter 5 does, in a process that is not root. Making the namespace
// alone proves too little: AppArmor allows it, and takes away the capabilities
// in it.
absl::Status UseUserNamespace(uid_t uid, gid_t gid) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    return ErrnoError(errno, "make a user namespace");
  }
  RETURN_IF_ERROR(WriteUserMap(UserMap::kRoot, uid, gid));
  return SetPropagation(Propagation::kPrivate);
}

Row CheckOrdinaryUsers() {
  const std::string name = "ordinary users";
  Command command;
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (uid == 0) {
    uid = OrdinaryUser();
    gid = uid;
    command.in_child.push_back(BecomeOrdinaryUser);
    if (const absl::Status status = Try(command); !status.ok()) {
      return {name, Verdict::kLimited,
              absl::StrCat("not tried: ", status.message()),
              "make doctor as an ordinary user, without sudo"};
    }
  }
  command.in_child.push_back([uid, gid] { return UseUserNamespace(uid, gid); });
  const absl::Status outcome = Try(std::move(command));
  if (outcome.ok()) {
    return {name, Verdict::kOk,
            absl::StrCat("user ", uid, " made and used one")};
  }
  return {name, geteuid() == 0 ? Verdict::kLimited : Verdict::kNo,
          absl::StrCat("user ", uid, " may not: ", outcome.message()),
          "see the settings"};
}

Row CheckSetting(const UserNamespaceSetting& found) {
  const std::string name = absl::StrCat(found.whose, "'s setting");
  if (!found.value.has_value()) {
    return {name, Verdict::kOk,
            absl::StrCat(found.name, " does not exist here")};
  }
  const std::string detail = absl::StrCat(found.name, " is ", *found.value);
  if (!found.forbids) {
    return {name, Verdict::kOk, detail};
  }
  return {name, found.forbids_root ? Verdict::kNo : Verdict::kLimited,
          absl::StrCat(detail, found.forbids_root ? ": nobody may make one"
                                                  : ": only root may use one"),
          found.fix};
}

}  // namespace

Section CheckNamespaces() {
  Section section = {"namespaces",
                     "Namespaces, and how many one user may have of each "
                     "(user.max_KIND_namespaces)",
                     {}};
  for (const NamespaceKind& kind : kNamespaceKinds) {
    section.rows.push_back(CheckKind(kind));
  }
  return section;
}

Section CheckUserNamespaces() {
  Section section = {"user-namespaces",
                     "User namespaces without being root",
                     {CheckOrdinaryUsers()}};
  for (const UserNamespaceSetting& found : ReadUserNamespaceSettings()) {
    section.rows.push_back(CheckSetting(found));
  }
  return section;
}

}  // namespace mydocker
