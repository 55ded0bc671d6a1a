#include "common/files/layer.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/files/attributes.h"

namespace mydocker {
namespace {

constexpr char kOpaqueAttribute[] = "trusted.overlay.opaque";

}  // namespace

bool IsWhiteout(const struct stat& attributes) {
  return S_ISCHR(attributes.st_mode) && attributes.st_rdev == makedev(0, 0);
}

absl::Status MakeWhiteout(const UniqueFd& directory, const std::string& name) {
  return mknodat(directory.get(), name.c_str(), S_IFCHR, makedev(0, 0)) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, absl::StrCat("make a whiteout for ", name));
}

bool IsOpaque(const UniqueFd& directory) {
  char value = 0;
  return getxattr(PathOfOpen(directory).c_str(), kOpaqueAttribute, &value, 1) ==
             1 &&
         value == 'y';
}

absl::Status MakeOpaque(const UniqueFd& directory) {
  return setxattr(PathOfOpen(directory).c_str(), kOpaqueAttribute, "y", 1, 0) ==
                 0
             ? absl::OkStatus()
             : ErrnoError(errno, "make the directory opaque");
}

}  // namespace mydocker
