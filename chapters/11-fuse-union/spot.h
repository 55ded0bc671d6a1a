// Where a file is, and the system calls that reach it there.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"

namespace mydocker {

// A name in a directory that is open, and never a path: a link on the way would
// lead out of the layer. One exception is /proc/self/fd/N with `flags` 0, which
// is the kernel's name for what a descriptor has open.
struct Spot {
  int directory = -1;
  std::string name;
  int flags = AT_SYMLINK_NOFOLLOW;
};

// All functions return an errno, 0 if it is done.

int Stat(const Spot& spot, struct stat& attributes);

// Opens the file with the flags of open(2); in a layer so that its access time
// stays. Not valid with errno set if that fails.
UniqueFd OpenAt(const Spot& spot, int flags);

int SetOwner(const Spot& spot, uid_t user, gid_t group);
int SetMode(const Spot& spot, mode_t mode);
// As utimensat(2): access and modification.
int SetTimes(const Spot& spot, const timespec (&times)[2]);

// Extended attributes (xattr(7)), of files of all types. The value or list in
// `text` is replaced.
int GetAttribute(const Spot& spot, const std::string& name, std::string& text);
int ListAttributes(const Spot& spot, std::string& text);
int SetAttribute(const Spot& spot, const std::string& name,
                 const std::string& value, int flags);
int RemoveAttribute(const Spot& spot, const std::string& name);

// All at once: names and values.
using Attributes = std::vector<std::pair<std::string, std::string>>;
int ReadAttributes(const Spot& spot, Attributes& attributes);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_
