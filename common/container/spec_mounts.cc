#include "common/container/spec_mounts.h"

#include <errno.h>
#include <sys/stat.h>

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "common/base/verbose.h"
#include "common/files/in_root.h"
#include "common/files/mount_options.h"
#include "common/files/mount_tree.h"

namespace mydocker {
namespace {

constexpr mode_t kPermissions = 07777;

std::string Describe(const MountSpec& mount) {
  return absl::StrCat("mount ", mount.source, " on ", mount.destination);
}

absl::StatusOr<mode_t> ModeOf(const UniqueFd& file) {
  struct stat attributes = {};
  if (fstat(file.get(), &attributes) != 0) {
    return ErrnoError(errno, "look at it");
  }
  return attributes.st_mode;
}

absl::StatusOr<OpenMount> OpenSource(const MountSpec& spec) {
  OpenMount mount = {spec, UniqueFd(), std::nullopt};
  if (spec.type == "tmpfs") {
    return mount;
  }
  if (spec.type != "bind") {
    return absl::InvalidArgumentError(absl::StrCat(
        "its type is \"", spec.type, "\"; expected bind or tmpfs"));
  }
  ASSIGN_OR_RETURN(
      mount.tree,
      CopyMounts(spec.source, SortOptions(spec.options).attributes));
  if (const std::optional<std::string> name = VolumeAt(spec.source);
      name.has_value()) {
    ASSIGN_OR_RETURN(mount.volume, OpenTheVolume(*name));
  }
  return mount;
}

// As in runc: it has the permissions of the directory that it covers, unless an
// option says otherwise; if that is new, those of /tmp.
absl::StatusOr<UniqueFd> TmpfsFor(const MountSpec& spec, const Target& target) {
  MountOptions options = SortOptions(spec.options);
  const bool has_mode =
      absl::c_any_of(options.data, [](const std::string& option) {
        return absl::StartsWith(option, "mode=");
      });
  if (!has_mode && !target.is_new) {
    ASSIGN_OR_RETURN(const mode_t mode, ModeOf(target.file));
    options.data.push_back(absl::StrFormat("mode=%o", mode & kPermissions));
  }
  return NewTmpfs(options.data, options.attributes);
}

// #region mount-one
absl::Status MountOne(const UniqueFd& root, const OpenMount& mount) {
  const std::string& path = mount.spec.destination;
  bool is_directory = true;
  if (mount.tree.valid()) {
    ASSIGN_OR_RETURN(const mode_t mode, ModeOf(mount.tree));
    is_directory = S_ISDIR(mode);
  }
  if (mount.volume.has_value()) {
    RETURN_IF_ERROR(FillVolume(*mount.volume, root, path));
  }
  ASSIGN_OR_RETURN(const Target target, OpenTarget(root, path, is_directory));
  if (mount.tree.valid()) {
    return Attach(mount.tree, target.file);
  }
  ASSIGN_OR_RETURN(const UniqueFd tmpfs, TmpfsFor(mount.spec, target));
  return Attach(tmpfs, target.file);
}
// #endregion mount-one

}  // namespace

std::vector<std::string> VolumesIn(const std::vector<MountSpec>& mounts) {
  std::vector<std::string> names;
  for (const MountSpec& mount : mounts) {
    if (std::optional<std::string> name = VolumeAt(mount.source);
        name.has_value() && !absl::c_linear_search(names, *name)) {
      names.push_back(*std::move(name));
    }
  }
  return names;
}

absl::StatusOr<std::vector<OpenMount>> OpenSources(
    const std::vector<MountSpec>& mounts) {
  std::vector<OpenMount> opened;
  for (const MountSpec& spec : mounts) {
    absl::StatusOr<OpenMount> mount = OpenSource(spec);
    if (!mount.ok()) {
      return WithContext(Describe(spec), mount.status());
    }
    opened.push_back(*std::move(mount));
  }
  return opened;
}

absl::Status MountInside(const UniqueFd& root,
                         const std::vector<OpenMount>& mounts) {
  for (const OpenMount& mount : mounts) {
    RETURN_IF_ERROR(WithContext(Describe(mount.spec), MountOne(root, mount)));
    LogStep(absl::StrCat("mounted ", mount.spec.source, " on ",
                         mount.spec.destination));
  }
  return absl::OkStatus();
}

}  // namespace mydocker
