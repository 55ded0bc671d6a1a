#include "tests/support/file_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace blackbox {
namespace {

// 2001-09-09. No time that a test's own actions set is so old.
constexpr time_t kLongAgo = 1'000'000'000;

std::string ContentOf(const std::string& path, off_t size) {
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW);
  if (fd < 0) {
    return absl::StrCat("content:", ErrnoName(errno));
  }
  std::string content(size + 1, '\0');
  const ssize_t got = read(fd, content.data(), content.size());
  close(fd);
  content.resize(std::max<ssize_t>(got, 0));
  return absl::StrCat("content:", got, ":",
                      absl::Hex(std::hash<std::string>()(content)), ":",
                      Printable(content.substr(0, 20)));
}

std::string AttributesOf(const std::string& path) {
  std::string list(XATTR_LIST_MAX, '\0');
  const ssize_t size = llistxattr(path.c_str(), list.data(), list.size());
  std::vector<std::string> attributes;
  for (ssize_t at = 0; at < size;) {
    const std::string name = list.c_str() + at;
    std::string value(4096, '\0');
    const ssize_t length =
        lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    value.resize(std::max<ssize_t>(length, 0));
    attributes.push_back(
        absl::StrCat(name, "=", absl::BytesToHexString(value)));
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::sort(attributes.begin(), attributes.end());
  return absl::StrJoin(attributes, ",");
}

// Calls `see` with each entry in and below `root`, and its path in it.
void Walk(const std::string& root, const std::string& below,
          const std::function<void(const std::string&, const Listed&)>& see) {
  const std::string directory = below.empty() ? root : root + "/" + below;
  for (const Listed& entry : ListDirectory(directory).entries) {
    const std::string path =
        below.empty() ? entry.name : below + "/" + entry.name;
    see(path, entry);
    struct stat status = {};
    if (lstat((root + "/" + path).c_str(), &status) == 0 &&
        S_ISDIR(status.st_mode)) {
      Walk(root, path, see);
    }
  }
}

}  // namespace

std::string Printable(const std::string& text) {
  return absl::CHexEscape(
      absl::StrReplaceAll(text, {{std::string(255, 'n'), "n{255}"}}));
}

std::string ErrnoName(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat(error);
}

Listing ListDirectory(const std::string& path) {
  Listing listing;
  DIR* const stream = opendir(path.c_str());
  if (stream == nullptr) {
    listing.error = errno;
    return listing;
  }
  while (const dirent* entry = readdir(stream)) {
    const std::string name = entry->d_name;
    struct stat status = {};
    const bool is_shadow = entry->d_type == DT_CHR &&
                           fstatat(dirfd(stream), entry->d_name, &status,
                                   AT_SYMLINK_NOFOLLOW) != 0 &&
                           errno == ENOENT;
    if (name != "." && name != ".." && !is_shadow) {
      listing.entries.push_back({name, entry->d_ino, entry->d_type});
    }
  }
  closedir(stream);
  return listing;
}

std::string DescribeFile(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) {
    return ErrnoName(errno);
  }
  std::string text =
      absl::StrCat("mode:", absl::Hex(status.st_mode), " uid:", status.st_uid,
                   " gid:", status.st_gid);
  // Each file system has its own way to count a directory's links and size.
  if (!S_ISDIR(status.st_mode)) {
    absl::StrAppend(&text, " nlink:", status.st_nlink, " size:", status.st_size,
                    " device:", status.st_rdev);
  }
  if (status.st_mtim.tv_sec < kLongAgo) {
    absl::StrAppend(&text, " mtime:", status.st_mtim.tv_sec, ".",
                    status.st_mtim.tv_nsec);
  }
  if (S_ISLNK(status.st_mode)) {
    std::string target(PATH_MAX, '\0');
    const ssize_t size = readlink(path.c_str(), target.data(), target.size());
    target.resize(std::max<ssize_t>(size, 0));
    absl::StrAppend(&text, " target:", Printable(target));
  }
  absl::StrAppend(&text, " xattr:", AttributesOf(path));
  if (S_ISREG(status.st_mode)) {
    absl::StrAppend(&text, " ", ContentOf(path, status.st_size));
  }
  return text;
}

Tree DescribeTree(const std::string& root) {
  Tree tree = {{".", DescribeFile(root)}};
  Walk(root, "", [&](const std::string& path, const Listed& entry) {
    // An entry that is listed twice is a difference, too.
    std::string& line = tree[Printable(path)];
    line +=
        absl::StrCat("type:", entry.type, " ", DescribeFile(root + "/" + path));
  });
  return tree;
}

std::vector<std::string> Differences(const Tree& one, const Tree& other) {
  std::vector<std::string> lines;
  const auto line_of = [](const Tree& tree, const std::string& path) {
    const auto found = tree.find(path);
    return found == tree.end() ? "nothing" : found->second;
  };
  Tree both = one;
  both.insert(other.begin(), other.end());
  for (const auto& [path, ignored] : both) {
    if (line_of(one, path) != line_of(other, path)) {
      lines.push_back(absl::StrCat(path, "\n  ", line_of(one, path), "\n  ",
                                   line_of(other, path)));
    }
  }
  return lines;
}

std::map<std::string, ino_t> InodesOf(const std::string& root) {
  std::map<std::string, ino_t> inodes;
  Walk(root, "", [&](const std::string& path, const Listed& entry) {
    inodes[Printable(path)] = entry.inode;
  });
  return inodes;
}

std::vector<std::string> WrongInodes(const std::string& root) {
  std::vector<std::string> wrong;
  std::map<ino_t, std::string> owners;
  Walk(root, "", [&](const std::string& path, const Listed& entry) {
    struct stat status = {};
    lstat((root + "/" + path).c_str(), &status);
    if (status.st_ino != entry.inode) {
      wrong.push_back(absl::StrCat(Printable(path), ": stat has ",
                                   status.st_ino, ", readdir ", entry.inode));
    }
    const auto [owner, is_new] = owners.insert({status.st_ino, path});
    if (!is_new && status.st_nlink == 1) {
      wrong.push_back(absl::StrCat(Printable(path), " has ", status.st_ino,
                                   " as has ", Printable(owner->second)));
    }
  });
  return wrong;
}

}  // namespace blackbox
