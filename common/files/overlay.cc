#include "common/files/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/files/layer.h"

namespace mydocker {
namespace {

// Returns whether `path` exists, even as a dangling link. If not, errno says
// why.
bool Exists(const std::string& path) {
  return faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Returns whether the layer hides all layers below: an archive says so by
// .wh..wh..opq at its top. overlayfs checks that mark only in directories, not
// at the root of a layer.
bool HidesAllBelow(const std::string& layer) {
  return IsOpaque(
      UniqueFd(open(layer.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

std::string HintForOverlay(int error) {
  switch (error) {
    case ENODEV:
      return "this kernel has no overlayfs, or not loaded: sudo modprobe "
             "overlay";
    case EINVAL:
      return "the file system of a layer, or of the changes, is not fit for "
             "it: those need ext4, xfs, btrfs or tmpfs, not overlayfs, NFS or "
             "FAT (-keep-upper puts them elsewhere); dmesg says more";
    case ELOOP:
      return "one of the directories lies in another";
    default:
      return "";
  }
}

}  // namespace

// #region mount
absl::StatusOr<std::string> MountLayers(const std::string& directory) {
  // Relative to it, the names in the options are short.
  if (chdir(directory.c_str()) != 0) {
    return ErrnoError(errno, absl::StrCat("go to ", directory));
  }
  // overlayfs takes the highest first.
  std::string lower;
  int count = 0;
  for (; Exists(absl::StrCat("l/", count)); ++count) {
    const std::string layer = absl::StrCat("l/", count);
    lower = lower.empty() || HidesAllBelow(layer)
                ? layer
                : absl::StrCat(layer, ":", lower);
  }
  // Only ENOENT means that was the last. A container must not start without a
  // layer.
  if (errno != ENOENT) {
    return ErrnoError(errno, absl::StrCat("use layer ", count));
  }
  // The last three are off, whatever the kernel's defaults are: they store
  // attributes that no archive of a layer carries, and with index, one
  // container's kept changes could not be used over other layers.
  const std::string options = absl::StrCat(
      "lowerdir=", lower,
      ",upperdir=upper,workdir=work,redirect_dir=off,metacopy=off,index=off");
  if (mount("overlay", "merged", "overlay", 0, options.c_str()) != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("mount an overlay in ", directory),
                      HintForOverlay(error));
  }
  return absl::StrCat(directory, "/merged");
}
// #endregion mount

}  // namespace mydocker
