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
// owner, links, size, device, target, extended attributes, content, and the
// modification time if the test has set it (it is then before 2001-09-09).
// "ENOENT" and the like if stat(2) fails.
std::string DescribeFile(const std::string& path);

// The same for all files in a directory and below, by their paths in it; "."
// for itself.
using Tree = std::map<std::string, std::string>;
Tree DescribeTree(const std::string& root);

// The lines in which two trees differ; none if they are the same.
std::vector<std::string> Differences(const Tree& one, const Tree& other);

// The inode numbers of the files below `root`, by their paths in it.
std::map<std::string, ino_t> InodesOf(const std::string& root);

// A line for each file below `root` whose inode number in stat(2) differs from
// that in readdir(3), or is shared by another file that is not a link to it.
std::vector<std::string> WrongInodes(const std::string& root);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_FILE_TREE_H_
