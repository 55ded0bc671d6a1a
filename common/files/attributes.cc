#include "common/files/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/verbose.h"

namespace mydocker {
namespace {

// The kernel's limits (limits.h, XATTR_LIST_MAX and XATTR_SIZE_MAX).
constexpr size_t kMost = size_t{1} << 16;

bool BelongsToTheFile(absl::string_view name) {
  return !absl::StartsWith(name, "trusted.overlay.") &&
         name != "security.selinux";
}

}  // namespace

std::string PathOfOpen(const UniqueFd& file) {
  return absl::StrCat("/proc/self/fd/", file.get());
}

absl::StatusOr<Attributes> ReadAttributes(const UniqueFd& file) {
  const std::string path = PathOfOpen(file);
  std::string names(kMost, '\0');
  const ssize_t length = listxattr(path.c_str(), names.data(), names.size());
  if (length < 0 && errno != EOPNOTSUPP) {
    return ErrnoError(errno, "list its attributes");
  }
  names.resize(std::max<ssize_t>(length, 0));
  Attributes attributes;
  for (const absl::string_view part :
       absl::StrSplit(names, '\0', absl::SkipEmpty())) {
    const std::string name(part);
    if (!BelongsToTheFile(name)) {
      continue;
    }
    std::string value(kMost, '\0');
    const ssize_t size =
        getxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0) {
      return ErrnoError(errno, absl::StrCat("read its attribute ", name));
    }
    value.resize(size);
    attributes[name] = value;
  }
  return attributes;
}

absl::Status WriteAttributes(const UniqueFd& file,
                             const Attributes& attributes) {
  const std::string path = PathOfOpen(file);
  for (const auto& [name, value] : attributes) {
    if (!BelongsToTheFile(name) ||
        setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) ==
            0) {
      continue;
    }
    if (errno != EOPNOTSUPP) {
      return ErrnoError(errno, absl::StrCat("give it the attribute ", name));
    }
    LogStep(absl::StrCat("left out the attribute ", name,
                         ", which this file system cannot store"));
  }
  return absl::OkStatus();
}

absl::Status CopyAttributes(const UniqueFd& from, const UniqueFd& to) {
  constexpr mode_t kPermissions = 07777;
  struct stat attributes = {};
  // The owner first: a change of it drops set-user-ID and capabilities.
  if (fstat(from.get(), &attributes) != 0 ||
      fchown(to.get(), attributes.st_uid, attributes.st_gid) != 0 ||
      fchmod(to.get(), attributes.st_mode & kPermissions) != 0) {
    return ErrnoError(errno, "give it owner and permissions");
  }
  ASSIGN_OR_RETURN(const Attributes extended, ReadAttributes(from));
  RETURN_IF_ERROR(WriteAttributes(to, extended));
  const timespec times[2] = {attributes.st_atim, attributes.st_mtim};
  return futimens(to.get(), times) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, "give it its times");
}

}  // namespace mydocker
