#include "chapters/11-fuse-union/spot.h"

#include <errno.h>
#include <sys/xattr.h>

#include <array>

#include "chapters/11-fuse-union/thread.h"

namespace mydocker {
namespace {

// Linux's limit: XATTR_LIST_MAX, XATTR_SIZE_MAX.
constexpr size_t kLargest = 1 << 16;

int ErrnoUnless(bool done) { return done ? 0 : errno; }

// Extended attribute calls have no form with a directory descriptor, so that
// directory is made the working directory. The calls with an l in front work on
// a symbolic link itself.
bool FollowsLinks(const Spot& spot) { return spot.flags == 0; }

}  // namespace

int Stat(const Spot& spot, struct stat& attributes) {
  return ErrnoUnless(
      fstatat(spot.directory, spot.name.c_str(), &attributes, spot.flags) == 0);
}

UniqueFd OpenAt(const Spot& spot, int flags) {
  flags |= O_CLOEXEC | (FollowsLinks(spot) ? 0 : O_NOFOLLOW);
  return UniqueFd(openat(spot.directory, spot.name.c_str(), flags));
}

int SetOwner(const Spot& spot, uid_t user, gid_t group) {
  return ErrnoUnless(fchownat(spot.directory, spot.name.c_str(), user, group,
                              spot.flags) == 0);
}

int SetMode(const Spot& spot, mode_t mode) {
  return ErrnoUnless(
      fchmodat(spot.directory, spot.name.c_str(), mode, spot.flags) == 0);
}

int SetTimes(const Spot& spot, const timespec (&times)[2]) {
  return ErrnoUnless(
      utimensat(spot.directory, spot.name.c_str(), times, spot.flags) == 0);
}

// #region attributes
int GetAttribute(const Spot& spot, const std::string& name, std::string& text) {
  std::array<char, kLargest> value;
  return WorkIn(spot.directory, [&] {
    const auto get = FollowsLinks(spot) ? getxattr : lgetxattr;
    const ssize_t size =
        get(spot.name.c_str(), name.c_str(), value.data(), value.size());
    text.assign(value.data(), size < 0 ? 0 : size);
    return size;
  });
}
// #endregion attributes

int ListAttributes(const Spot& spot, std::string& text) {
  std::array<char, kLargest> list;
  return WorkIn(spot.directory, [&] {
    const auto get = FollowsLinks(spot) ? listxattr : llistxattr;
    const ssize_t size = get(spot.name.c_str(), list.data(), list.size());
    text.assign(list.data(), size < 0 ? 0 : size);
    return size;
  });
}

int SetAttribute(const Spot& spot, const std::string& name,
                 const std::string& value, int flags) {
  return WorkIn(spot.directory, [&] {
    const auto set = FollowsLinks(spot) ? setxattr : lsetxattr;
    return set(spot.name.c_str(), name.c_str(), value.data(), value.size(),
               flags);
  });
}

int RemoveAttribute(const Spot& spot, const std::string& name) {
  return WorkIn(spot.directory, [&] {
    const auto remove = FollowsLinks(spot) ? removexattr : lremovexattr;
    return remove(spot.name.c_str(), name.c_str());
  });
}

int ReadAttributes(const Spot& spot, Attributes& attributes) {
  std::string list;
  if (const int error = ListAttributes(spot, list); error != 0) {
    return error;
  }
  for (size_t at = 0; at < list.size(); at = list.find('\0', at) + 1) {
    const std::string name = list.c_str() + at;
    std::string value;
    if (const int error = GetAttribute(spot, name, value); error != 0) {
      return error;
    }
    attributes.emplace_back(name, value);
  }
  return 0;
}

}  // namespace mydocker
