#include "common/files/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/process/tool.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kMark = ".wh.";
constexpr absl::string_view kOpaqueMark = ".wh..wh..opq";
constexpr char kOpaqueAttribute[] = "trusted.overlay.opaque";

// A directory for what is needed on the way, beside `path`.
class ScratchDirectory {
 public:
  static absl::StatusOr<ScratchDirectory> Beside(const std::string& path) {
    std::string name = absl::StrCat(path, ".XXXXXX");
    if (mkdtemp(name.data()) == nullptr) {
      return ErrnoError(errno, absl::StrCat("make a directory beside ", path));
    }
    return ScratchDirectory(name);
  }
  ScratchDirectory(ScratchDirectory&& other) noexcept
      : path_(std::exchange(other.path_, "")) {}
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    if (!path_.empty()) {
      std::error_code ignored;
      fs::remove_all(path_, ignored);
    }
  }
  std::string File(absl::string_view name) const {
    return absl::StrCat(path_, "/", name);
  }

 private:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The paths below `directory`, relative to it and in order: a folder before
// what is in it.
absl::StatusOr<std::vector<fs::path>> ListBelow(const std::string& directory) {
  std::vector<fs::path> paths;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    paths.push_back(entry->path().lexically_relative(directory));
    entry.increment(error);
  }
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("list ", directory));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<struct stat> Look(const std::string& path) {
  struct stat attributes = {};
  if (lstat(path.c_str(), &attributes) != 0) {
    return ErrnoError(errno, absl::StrCat("look at ", path));
  }
  return attributes;
}

bool IsWhiteout(const struct stat& attributes) {
  return S_ISCHR(attributes.st_mode) && attributes.st_rdev == makedev(0, 0);
}

bool IsOpaque(const std::string& path) {
  char value = 0;
  return lgetxattr(path.c_str(), kOpaqueAttribute, &value, 1) == 1 &&
         value == 'y';
}

bool IsMark(const fs::path& path) {
  return absl::StartsWith(path.filename().string(), kMark);
}

// What an archive is made of: paths in the upper directory, and marks.
struct Contents {
  std::vector<std::string> files;
  std::vector<std::string> marks;
  uint64_t bytes = 0;
};

// #region sort-out
absl::StatusOr<Contents> SortOut(const std::string& upper) {
  ASSIGN_OR_RETURN(const std::vector<fs::path> paths, ListBelow(upper));
  Contents contents;
  for (const fs::path& path : paths) {
    const std::string full = absl::StrCat(upper, "/", path.string());
    ASSIGN_OR_RETURN(const struct stat attributes, Look(full));
    if (IsMark(path)) {
      return absl::InvalidArgumentError(
          absl::StrCat("pack ", full, ": in a layer, a name that begins with ",
                       kMark, " stands for a file that was deleted"));
    }
    if (IsWhiteout(attributes)) {
      contents.marks.push_back(path.parent_path() /
                               absl::StrCat(kMark, path.filename().string()));
      continue;
    }
    if (S_ISSOCK(attributes.st_mode)) {
      continue;  // Means nothing without the process that has it open.
    }
    if (S_ISDIR(attributes.st_mode) && IsOpaque(full)) {
      contents.marks.push_back(path / std::string(kOpaqueMark));
    }
    if (S_ISREG(attributes.st_mode)) {
      contents.bytes += attributes.st_size;
    }
    contents.files.push_back(path);
  }
  return contents;
}
// #endregion sort-out

// Writes the paths as tar's --null wants them.
absl::Status WriteList(const std::string& file,
                       const std::vector<std::string>& paths) {
  std::ofstream list(file, std::ios::binary);
  for (const std::string& path : paths) {
    list << path << '\0';
  }
  list.close();
  return list.good() ? absl::OkStatus()
                     : ErrnoError(errno, absl::StrCat("write ", file));
}

// Makes the marks as empty files below `directory`. Their time is always the
// same, or the archive would be another one each time.
absl::Status MakeMarks(const std::string& directory,
                       const std::vector<std::string>& marks) {
  if (mkdir(directory.c_str(), 0700) != 0) {
    return ErrnoError(errno, absl::StrCat("make ", directory));
  }
  for (const std::string& mark : marks) {
    const std::string path = absl::StrCat(directory, "/", mark);
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    std::ofstream(path).close();
    constexpr timespec kNoTime[2] = {};
    if (utimensat(AT_FDCWD, path.c_str(), kNoTime, 0) != 0) {
      return ErrnoError(errno, absl::StrCat("make the mark ", path));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Sha256Of(const std::string& file) {
  // From its standard input, so that it does not quote a strange name.
  ASSIGN_OR_RETURN(const std::string line,
                   RunTool({"sh", "-c", "sha256sum <\"$1\"", "sh", file}));
  constexpr size_t kDigits = 64;
  return absl::StrCat("sha256:", line.substr(0, kDigits));
}

absl::Status MakeOpaque(const fs::path& directory) {
  if (lsetxattr(directory.c_str(), kOpaqueAttribute, "y", 1, 0) != 0) {
    return ErrnoError(errno, absl::StrCat("make opaque ", directory.string()));
  }
  return absl::OkStatus();
}

// #region translate
// Hides the lower layers' file of this name, or what they have in a directory
// of this name that is here, too.
absl::Status Hide(const fs::path& path) {
  if (mknod(path.c_str(), S_IFCHR, makedev(0, 0)) == 0) {
    return absl::OkStatus();
  }
  if (errno != EEXIST) {
    return ErrnoError(errno, absl::StrCat("make whiteout ", path.string()));
  }
  ASSIGN_OR_RETURN(const struct stat there, Look(path));
  return S_ISDIR(there.st_mode) ? MakeOpaque(path) : absl::OkStatus();
}

// Puts in the place of a mark what overlayfs has for it.
absl::Status Replace(const fs::path& mark) {
  const fs::path directory = mark.parent_path();
  const std::string name = mark.filename();
  std::error_code error;
  fs::remove_all(mark, error);
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("remove ", mark.string()));
  }
  if (name == kOpaqueMark) {
    return MakeOpaque(directory);
  }
  const std::string hidden = name.substr(kMark.size());
  if (absl::StartsWith(hidden, kMark)) {
    return absl::OkStatus();  // AUFS kept its own books under such names.
  }
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is no name of a deleted file"));
  }
  return Hide(directory / hidden);
}

// The same, and the folder keeps the time that it came with.
absl::Status Translate(const fs::path& mark) {
  const std::string directory = mark.parent_path();
  ASSIGN_OR_RETURN(const struct stat before, Look(directory));
  RETURN_IF_ERROR(Replace(mark));
  const timespec times[2] = {before.st_atim, before.st_mtim};
  if (utimensat(AT_FDCWD, directory.c_str(), times, 0) != 0) {
    return ErrnoError(errno, absl::StrCat("set the time of ", directory));
  }
  return absl::OkStatus();
}
// #endregion translate

}  // namespace

absl::StatusOr<LayerInfo> PackLayer(const std::string& upper,
                                    const std::string& file) {
  std::error_code error;
  const std::string absolute_upper = fs::absolute(upper, error);
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("pack ", upper));
  }
  ASSIGN_OR_RETURN(const Contents contents, SortOut(upper));
  ASSIGN_OR_RETURN(const ScratchDirectory scratch,
                   ScratchDirectory::Beside(file));
  const std::string marks = scratch.File("marks");
  RETURN_IF_ERROR(MakeMarks(marks, contents.marks));
  RETURN_IF_ERROR(WriteList(scratch.File("list-of-marks"), contents.marks));
  RETURN_IF_ERROR(WriteList(scratch.File("list-of-files"), contents.files));
  // #region tar
  // Marks come before their siblings, as the specification asks for. Of the
  // attributes, those in which overlayfs keeps its books stay out.
  const std::string archive = scratch.File("layer.tar");
  RETURN_IF_ERROR(RunTool({"tar",
                           "--force-local",  // A colon is no host's name.
                           "--create",
                           "--file",
                           archive,
                           "--format=pax",
                           "--pax-option=delete=atime,delete=ctime",
                           "--numeric-owner",
                           "--xattrs",
                           "--xattrs-include=*",
                           "--xattrs-exclude=trusted.overlay.*",
                           "--no-recursion",
                           "--null",
                           "--directory",
                           marks,  //
                           "--files-from",
                           scratch.File("list-of-marks"),
                           "--directory",
                           absolute_upper,  //
                           "--files-from",
                           scratch.File("list-of-files")})
                      .status());
  // #endregion tar
  LayerInfo info;
  info.bytes = contents.bytes;
  ASSIGN_OR_RETURN(info.id, Sha256Of(archive));
  if (rename(archive.c_str(), file.c_str()) != 0) {
    return ErrnoError(errno, absl::StrCat("write ", file));
  }
  return info;
}

bool HidesAllBelow(const std::string& directory) {
  return IsOpaque(directory + "/.");  // The path may be a link's.
}

absl::Status UnpackLayer(const std::string& file,
                         const std::string& directory) {
  absl::Status unpacked =
      RunTool({"tar", "--force-local", "--extract", "--file", file,
               "--directory", directory, "--numeric-owner",
               "--same-permissions", "--xattrs", "--xattrs-include=*",
               "--xattrs-exclude=trusted.overlay.*"})
          .status();
  if (!unpacked.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unpack layer ", file, ": ", unpacked.message()));
  }
  ASSIGN_OR_RETURN(const std::vector<fs::path> paths, ListBelow(directory));
  for (const fs::path& path : paths) {
    if (IsMark(path)) {
      RETURN_IF_ERROR(Translate(directory / path));
    }
  }
  return absl::OkStatus();
}

}  // namespace mydocker
