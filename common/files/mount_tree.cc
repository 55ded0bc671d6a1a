#include "common/files/mount_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {
namespace {

std::string HintForNewCalls(int error) {
  return error == ENOSYS ? "that needs Linux 5.12" : "";
}

// Returns how the mount that `file` is in propagates.
absl::StatusOr<std::string> PropagationOf(int file) {
  struct statx attributes = {};
  if (statx(file, "", AT_EMPTY_PATH, STATX_MNT_ID, &attributes) != 0) {
    return ErrnoError(errno, "find its mount");
  }
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadMountInfo());
  for (const Mount& mount : mounts) {
    if (mount.id == attributes.stx_mnt_id) {
      return DescribePropagation(mount);
    }
  }
  return absl::NotFoundError("its mount is not in /proc/self/mountinfo");
}

// What docker says there: "is not a shared mount".
absl::Status CheckPropagates(const std::string& source, uint64_t propagation) {
  const UniqueFd file(open(source.c_str(), O_PATH | O_CLOEXEC));
  if (!file.valid()) {
    return ErrnoError(errno, absl::StrCat("open ", source));
  }
  ASSIGN_OR_RETURN(const std::string there, PropagationOf(file.get()));
  if (absl::StartsWith(there, "shared") ||
      (propagation == MS_SLAVE && absl::StartsWith(there, "slave"))) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      source, " is in a mount that is ", there,
      ": nothing propagates from or to it; mount --make-shared makes one "
      "shared"));
}

absl::Status SetAttributes(const UniqueFd& tree, unsigned flags,
                           const MountAttributes& attributes) {
  mount_attr change = {};
  change.attr_set = attributes.set;
  change.attr_clr = attributes.clear;
  change.propagation = attributes.propagation;
  if (mount_setattr(tree.get(), "", AT_EMPTY_PATH | flags, &change,
                    sizeof(change)) != 0) {
    const int error = errno;
    return ErrnoError(error, "set the flags of a mount",
                      HintForNewCalls(error));
  }
  return absl::OkStatus();
}

// The error for a call on `context`. The kernel explains in words, which it has
// to be asked for: "e tmpfs: Bad value for 'size'".
absl::Status ContextError(int error, const UniqueFd& context,
                          absl::string_view doing) {
  std::array<char, 512> words;
  const ssize_t size = read(context.get(), words.data(), words.size());
  if (size <= 2) {
    return ErrnoError(error, doing, HintForNewCalls(error));
  }
  return ErrnoError(
      error, doing,
      absl::StripAsciiWhitespace(
          absl::string_view(words.data(), static_cast<size_t>(size))
              .substr(2)));
}

}  // namespace

// #region copy-mounts
absl::StatusOr<UniqueFd> CopyMounts(const std::string& source,
                                    const MountAttributes& attributes) {
  if (attributes.propagation != MS_PRIVATE) {
    RETURN_IF_ERROR(CheckPropagates(source, attributes.propagation));
  }
  UniqueFd tree(open_tree(AT_FDCWD, source.c_str(),
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree.valid()) {
    const int error = errno;
    return ErrnoError(
        error, absl::StrCat("open ", source),
        error == EINVAL ? "its mount is unbindable" : HintForNewCalls(error));
  }
  RETURN_IF_ERROR(SetAttributes(tree, AT_RECURSIVE, attributes));
  return tree;
}
// #endregion copy-mounts

// #region new-tmpfs
absl::StatusOr<UniqueFd> NewTmpfs(const std::vector<std::string>& options,
                                  const MountAttributes& attributes) {
  const UniqueFd context(fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context.valid()) {
    const int error = errno;
    return ErrnoError(error, "make a tmpfs", HintForNewCalls(error));
  }
  // What mount(8) shows as its source.
  std::vector<std::string> all = {"source=tmpfs"};
  all.insert(all.end(), options.begin(), options.end());
  for (const std::string& option : all) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(option, absl::MaxSplits('=', 1));
    if (fsconfig(context.get(), FSCONFIG_SET_STRING, parts.first.c_str(),
                 parts.second.c_str(), 0) != 0) {
      return ContextError(errno, context,
                          absl::StrCat("make a tmpfs with ", option));
    }
  }
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return ContextError(errno, context, "make a tmpfs");
  }
  UniqueFd tree(fsmount(context.get(), FSMOUNT_CLOEXEC,
                        static_cast<unsigned>(attributes.set)));
  if (!tree.valid()) {
    return ContextError(errno, context, "make a tmpfs");
  }
  return tree;
}
// #endregion new-tmpfs

// #region attach
absl::Status Attach(const UniqueFd& tree, const UniqueFd& target) {
  // What is mounted in a shared mount, its other copies get, too: those of the
  // host.
  ASSIGN_OR_RETURN(const std::string propagation, PropagationOf(target.get()));
  if (absl::StartsWith(propagation, "shared")) {
    return absl::FailedPreconditionError(
        "it lies in a volume with rshared, so the host would get it, too");
  }
  if (move_mount(tree.get(), "", target.get(), "",
                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return ErrnoError(errno, "attach the mount");
  }
  return absl::OkStatus();
}
// #endregion attach

absl::Status MakeReadOnly(const UniqueFd& file) {
  return SetAttributes(file, 0, {.set = MOUNT_ATTR_RDONLY});
}

}  // namespace mydocker
