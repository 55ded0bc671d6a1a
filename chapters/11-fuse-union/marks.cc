#include "chapters/11-fuse-union/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

constexpr absl::string_view kMark = ".wh.";
constexpr char kOpaqueFile[] = ".wh..wh..opq";
constexpr char kTrustedOpaque[] = "trusted.overlay.opaque";
constexpr char kUserOpaque[] = "user.overlay.opaque";

bool Exists(int directory, const char* name) {
  struct stat attributes = {};
  return fstatat(directory, name, &attributes, AT_SYMLINK_NOFOLLOW) == 0;
}

// Extended attributes cannot be read through an O_PATH descriptor; through this
// path they always can.
std::string PathOf(int fd) { return absl::StrCat("/proc/self/fd/", fd); }

bool SaysYes(int directory, const char* attribute) {
  char value = 0;
  ssize_t size = fgetxattr(directory, attribute, &value, 1);
  if (size < 0 && errno == EBADF) {
    size = getxattr(PathOf(directory).c_str(), attribute, &value, 1);
  }
  return size == 1 && value == 'y';
}

// Whether a rename in `work` can leave a whiteout behind in the same step,
// which deleting needs. Not all file systems can, and before Linux 5.8 only
// root may.
bool LeavesWhiteouts(int work) {
  struct stat attributes = {};
  const UniqueFd file(openat(work, "from", O_CREAT | O_WRONLY | O_CLOEXEC, 0));
  const bool leaves =
      file.valid() &&
      renameat2(work, "from", work, "to", RENAME_WHITEOUT) == 0 &&
      fstatat(work, "from", &attributes, AT_SYMLINK_NOFOLLOW) == 0 &&
      IsWhiteout(attributes);
  unlinkat(work, "from", 0);
  unlinkat(work, "to", 0);
  return leaves;
}

}  // namespace

// #region read-marks
bool IsWhiteout(const struct stat& attributes) {
  return S_ISCHR(attributes.st_mode) && attributes.st_rdev == makedev(0, 0);
}

bool IsMarkName(absl::string_view name) {
  return absl::StartsWith(name, kMark);
}

std::string WhiteoutName(absl::string_view name) {
  return absl::StrCat(kMark, name);
}

bool HasWhiteoutFile(int directory, absl::string_view name) {
  return Exists(directory, WhiteoutName(name).c_str());
}

bool IsOpaque(int directory) {
  return SaysYes(directory, kTrustedOpaque) ||
         SaysYes(directory, kUserOpaque) || Exists(directory, kOpaqueFile);
}

bool IsMarkAttribute(absl::string_view attribute) {
  return absl::StartsWith(attribute, "trusted.overlay.") ||
         absl::StartsWith(attribute, "user.overlay.");
}
// #endregion read-marks

absl::StatusOr<MarkForms> FindForms(int work) {
  // What a file system needs to hold a Unix tree at all; FAT lacks it.
  if (mkdirat(work, "opaque", 0700) != 0 ||
      symlinkat("opaque", work, "link") != 0 ||
      renameat2(work, "link", work, "moved", RENAME_NOREPLACE) != 0) {
    const int error = errno;
    unlinkat(work, "link", 0);
    unlinkat(work, "opaque", AT_REMOVEDIR);
    return ErrnoError(error, "make files and rename them there");
  }
  unlinkat(work, "moved", 0);
  MarkForms forms;
  forms.whiteout = LeavesWhiteouts(work) ? MarkForms::Whiteout::kDevice
                                         : MarkForms::Whiteout::kFile;
  const UniqueFd opaque(openat(work, "opaque", O_DIRECTORY | O_CLOEXEC));
  forms.opaque = fsetxattr(opaque.get(), kTrustedOpaque, "y", 1, 0) == 0
                     ? MarkForms::Opaque::kTrusted
                 : fsetxattr(opaque.get(), kUserOpaque, "y", 1, 0) == 0
                     ? MarkForms::Opaque::kUser
                     : MarkForms::Opaque::kFile;
  unlinkat(work, "opaque", AT_REMOVEDIR);
  if (forms.whiteout == MarkForms::Whiteout::kFile ||
      forms.opaque == MarkForms::Opaque::kFile) {
    const UniqueFd mark(
        openat(work, kOpaqueFile, O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
    if (!mark.valid()) {
      return ErrnoError(errno, "make marks of deleted files there");
    }
    unlinkat(work, kOpaqueFile, 0);
  }
  return forms;
}

// #region make-opaque
int MakeOpaque(const MarkForms& forms, int parent, const std::string& name) {
  const UniqueFd directory(
      openat(parent, name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) {
    return errno;
  }
  if (forms.opaque == MarkForms::Opaque::kFile) {
    const UniqueFd mark(openat(directory.get(), kOpaqueFile,
                               O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
    return mark.valid() ? 0 : errno;
  }
  const char* attribute = forms.opaque == MarkForms::Opaque::kTrusted
                              ? kTrustedOpaque
                              : kUserOpaque;
  return fsetxattr(directory.get(), attribute, "y", 1, 0) == 0 ? 0 : errno;
}
// #endregion make-opaque

}  // namespace mydocker
