// A directory's content as text, for comparing two of them.

#ifndef MYDOCKER_TESTS_SUPPORT_FILE_TREE_H_
#define MYDOCKER_TESTS_SUPPORT_FILE_TREE_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace blackbox {

// A name or content in printable characters.
std::string Printable(const std::string& text);

// The name of an errno: "ENOENT".
std::string ErrnoName(int error);

// The entries that readdir(3) returns, without "." and "..", in its order.
//
// If only one layer has a directory, overlayfs lists it unchanged, with its
// whiteouts, which are otherwise invisible. They are left out here.
struct Listed {
  std::string name;
  ino_t inode = 0;
  unsigned char type = 0;
};
struct Listing {
  int error = 0;
  std::vector<Listed> entries;
};
Listing ListDirectory(const std::string& path);

// All that two file systems must agree on about one file: type, permissions,
// owner, links, size, device, target, extended attributes, content, and its
// modification time, if it is one that was set: before the year 2001. "ENOENT"
// and the like if it cannot be seen.
std::string DescribeFile(const std::string& path);

// The same for all files in a directory and below, by their paths in it; "."
// for itself.
using Tree = std::map<std::string, std::string>;
Tree DescribeTree(const std::string& root);

// The lines in which two trees differ; none if they are the same.
std::vector<std::string> Differences(const Tree& one, const Tree& other);

// The inode numbers of the files below `root`, by their paths in it.
std::map<std::string, ino_t> InodesOf(const std::string& root);

// The inode numbers of the files below `root`, by path, as stat(2) and as
// readdir(3) have them, if they differ or if two files share one without being
// links: each such is a line.
std::vector<std::string> WrongInodes(const std::string& root);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_FILE_TREE_H_
