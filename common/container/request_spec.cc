#include "common/container/request_spec.h"

#include <errno.h>
#include <fcntl.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/cgroup/cgroup.h"
#include "common/container/parse_mount.h"
#include "common/files/container_files.h"
#include "common/process/environment.h"
#include "common/process/executable.h"

namespace mydocker {
namespace {

absl::StatusOr<std::vector<std::string>> ReadEnvFile(const std::string& path) {
  const std::string doing = absl::StrCat("read the variables in ", path);
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return ErrnoError(errno, doing);
  }
  const absl::StatusOr<std::string> text = ReadAll(file.get());
  RETURN_IF_ERROR(WithContext(doing, text.status()));
  absl::StatusOr<std::vector<std::string>> words = ParseEnvFile(*text);
  RETURN_IF_ERROR(WithContext(doing, words.status()));
  return words;
}

// #region environment
absl::StatusOr<Environment> EnvironmentFor(const Request& request,
                                           const std::string& hostname) {
  Environment environment = {absl::StrCat("PATH=", kDefaultPath),
                             absl::StrCat("HOSTNAME=", hostname)};
  if (request.interactive) {
    environment.emplace_back("TERM=xterm");
  }
  for (const std::string& path : request.env_files) {
    ASSIGN_OR_RETURN(const std::vector<std::string> words, ReadEnvFile(path));
    for (const std::string& word : words) {
      SetVariable(environment, word);
    }
  }
  for (const std::string& word : request.env) {
    RETURN_IF_ERROR(
        WithContext(absl::StrCat("-e ", word), CheckVariable(word)));
    SetVariable(environment, word);
  }
  return environment;
}
// #endregion environment

// Returns the path from the root; not without "..", since the host has links.
absl::StatusOr<std::string> Absolute(const std::string& path) {
  if (absl::StartsWith(path, "/")) {
    return path;
  }
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error);
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("find ", path, " from here"));
  }
  return absl::StrCat(directory, "/", path);
}

absl::StatusOr<std::vector<MountSpec>> MountsFor(const Request& request) {
  std::vector<MountSpec> mounts;
  for (const std::string& text : request.volumes) {
    ASSIGN_OR_RETURN(MountSpec mount, ParseVolume(text));
    ASSIGN_OR_RETURN(mount.source, Absolute(mount.source));
    mounts.push_back(std::move(mount));
  }
  for (const std::string& text : request.tmpfs) {
    ASSIGN_OR_RETURN(mounts.emplace_back(), ParseTmpfs(text));
  }
  if (request.shm_size > 0) {
    mounts.push_back({"/dev/shm",
                      "tmpfs",
                      "shm",
                      {"nosuid", "nodev", "noexec", "mode=1777",
                       absl::StrCat("size=", request.shm_size)}});
  }
  RETURN_IF_ERROR(ArrangeMounts(mounts));
  return mounts;
}

absl::StatusOr<std::vector<ResourceLimit>> LimitsFor(const Request& request) {
  std::vector<ResourceLimit> limits;
  std::set<std::string> types;
  for (const std::string& text : request.ulimits) {
    ASSIGN_OR_RETURN(limits.emplace_back(), ParseUlimit(text));
    if (!types.insert(limits.back().type).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("-ulimit ", text, ": this limit is given twice"));
    }
  }
  return limits;
}

absl::Status FillProcess(const Request& request, Spec& spec) {
  spec.process.args = request.argv;
  ASSIGN_OR_RETURN(spec.process.env, EnvironmentFor(request, spec.hostname));
  ASSIGN_OR_RETURN(spec.process.rlimits, LimitsFor(request));
  spec.process.cwd = request.directory;
  if (request.directory.empty() && !spec.root.path.empty()) {
    spec.process.cwd = "/";
  } else if (!request.directory.empty() &&
             !absl::StartsWith(request.directory, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("-w ", request.directory,
                     ": it is no path from the container's root: it must begin "
                     "with a slash"));
  }
  if (request.user.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const UserWords words, ParseUserWords(request.user));
  spec.annotations[kUserAnnotation] = request.user;
  // Numbers need no file; of names, init will know more.
  if (const absl::StatusOr<Account> account = FindAccount(words, "", "");
      account.ok()) {
    spec.process.user = account->user;
  } else if (!absl::IsNotFound(account.status())) {
    return WithContext(absl::StrCat("-u ", request.user), account.status());
  }
  return absl::OkStatus();
}

}  // namespace

// #region spec-for
absl::StatusOr<Spec> SpecFor(const Request& request, const std::string& id) {
  Spec spec;
  spec.hostname = request.hostname.empty() ? id : request.hostname;
  spec.domainname = request.domainname;
  spec.root.path = request.rootfs;
  if (!request.layers.empty()) {
    spec.annotations[kLayersAnnotation] = FilesOf(id);
    spec.root.path = absl::StrCat(FilesOf(id), "/merged");
  }
  spec.root.readonly = request.read_only;
  ASSIGN_OR_RETURN(spec.mounts, MountsFor(request));
  RETURN_IF_ERROR(FillProcess(request, spec));
  spec.linux.cgroups_path = absl::StrCat("/", kCgroupParent, "/", id);
  spec.linux.namespaces = {{"pid"}, {"network"}, {"ipc"}, {"uts"}, {"mount"}};
  spec.linux.resources = request.limits;
  if (IsVerbose()) {
    spec.annotations[kVerboseAnnotation] = "true";
  }
  return spec;
}
// #endregion spec-for

}  // namespace mydocker
