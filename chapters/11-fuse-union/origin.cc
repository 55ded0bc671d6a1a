#include "chapters/11-fuse-union/origin.h"

#include <errno.h>
#include <sys/xattr.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mydocker {
namespace {

constexpr char kOrigin[] = "overlay.mydocker-origin";
constexpr char kImpure[] = "overlay.impure";

std::string AttributeOf(const MarkForms& forms, const char* name) {
  return absl::StrCat(
      forms.opaque == MarkForms::Opaque::kTrusted ? "trusted." : "user.", name);
}

}  // namespace

// #region origin
int SetOrigin(const MarkForms& forms, const Spot& copy,
              const struct stat& original) {
  if (S_ISDIR(original.st_mode) || original.st_nlink > 1) {
    return 0;  // A directory's lower part still shows it.
  }
  const int error =
      SetAttribute(copy, AttributeOf(forms, kOrigin),
                   absl::StrCat(original.st_dev, ":", original.st_ino), 0);
  return error == ENOTSUP || error == EPERM ? 0 : error;
}

void ReadOrigin(const MarkForms& forms, const Spot& copy,
                struct stat& attributes) {
  std::string text;
  dev_t device = 0;
  ino_t inode = 0;
  if (GetAttribute(copy, AttributeOf(forms, kOrigin), text) != 0) {
    return;
  }
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, ':');
  if (absl::SimpleAtoi(parts.first, &device) &&
      absl::SimpleAtoi(parts.second, &inode)) {
    attributes.st_dev = device;
    attributes.st_ino = inode;
  }
}
// #endregion origin

bool IsImpure(int upper) {
  char value = 0;
  return fgetxattr(upper, "trusted.overlay.impure", &value, 1) == 1 ||
         fgetxattr(upper, "user.overlay.impure", &value, 1) == 1;
}

void MakeImpure(const MarkForms& forms, int upper) {
  fsetxattr(upper, AttributeOf(forms, kImpure).c_str(), "y", 1, 0);
}

}  // namespace mydocker
