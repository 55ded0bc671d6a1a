#include "common/files/pack_layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/new_file.h"
#include "common/files/attributes.h"
#include "common/files/directory_use.h"
#include "common/files/layer.h"
#include "common/files/tar_format.h"
#include "common/files/tar_writer.h"
#include "common/process/signals.h"
#include "common/process/tool.h"

namespace mydocker {
namespace {

constexpr size_t kBufferSize = size_t{1} << 16;

bool IsWhiteoutAt(const UniqueFd& directory, const std::string& name) {
  struct stat attributes = {};
  return fstatat(directory.get(), name.c_str(), &attributes,
                 AT_SYMLINK_NOFOLLOW) == 0 &&
         IsWhiteout(attributes);
}

// Opens the same file again, for reading: an O_PATH descriptor only names it.
absl::StatusOr<UniqueFd> OpenToRead(const UniqueFd& named, int flags) {
  UniqueFd file(open(PathOfOpen(named).c_str(), O_RDONLY | O_CLOEXEC | flags));
  return file.valid() ? absl::StatusOr<UniqueFd>(std::move(file))
                      : ErrnoError(errno, "read it");
}

// Sorted, so that the order is always the same.
absl::StatusOr<std::vector<std::string>> NamesIn(const UniqueFd& directory) {
  // A descriptor of its own, which closedir(3) closes.
  ASSIGN_OR_RETURN(UniqueFd listed, OpenToRead(directory, O_DIRECTORY));
  DIR* const stream = fdopendir(fcntl(listed.get(), F_DUPFD_CLOEXEC, 0));
  if (stream == nullptr) {
    return ErrnoError(errno, "list it");
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* const entry = readdir(stream)) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  const int error = errno;
  closedir(stream);
  if (error != 0) {
    return ErrnoError(error, "list it");
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::string> TargetOf(const UniqueFd& link) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlinkat(link.get(), "", target.data(), target.size());
  return size >= 0
             ? absl::StatusOr<std::string>(std::string(target.data(), size))
             : ErrnoError(errno, "read where the link leads");
}

// Returns the archive's entry for a file, without its content. `name` is its
// name there.
absl::StatusOr<TarMember> Describe(const UniqueFd& file,
                                   const std::string& name) {
  struct stat attributes = {};
  if (fstat(file.get(), &attributes) != 0) {
    return ErrnoError(errno, "look at it");
  }
  TarMember member;
  member.name = absl::StrCat(name, S_ISDIR(attributes.st_mode) ? "/" : "");
  member.mode = attributes.st_mode;
  member.uid = attributes.st_uid;
  member.gid = attributes.st_gid;
  member.mtime = attributes.st_mtim;
  ASSIGN_OR_RETURN(member.attributes, ReadAttributes(file));
  if (S_ISLNK(member.mode)) {
    ASSIGN_OR_RETURN(member.link_target, TargetOf(file));
  }
  if (S_ISCHR(member.mode) || S_ISBLK(member.mode)) {
    member.device = attributes.st_rdev;
  }
  if (S_ISREG(member.mode)) {
    member.size = attributes.st_size;
  }
  return member;
}

class Packer {
 public:
  // Packs what lies in `upper`, a path for errors, into the file `archive`,
  // which is to have the path `archive_path`.
  Packer(std::string upper, const UniqueFd& archive, std::string archive_path)
      : upper_(std::move(upper)), archive_(archive, std::move(archive_path)) {}

  // Packs what is in the open `directory`, whose name in the archive is
  // `folder`, empty or with a slash at its end.
  absl::Status PackFolder(const UniqueFd& directory, const std::string& folder);
  absl::Status Finish() { return archive_.Finish(); }

  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status PackMark(const std::string& name);
  absl::Status Pack(const UniqueFd& file, const std::string& name);
  absl::Status PackContent(const UniqueFd& file, uint64_t size);
  // For a file with several names: the name under which it is already in the
  // archive.
  std::string* EarlierName(const UniqueFd& file, const std::string& name);
  // What is being done, for an error.
  std::string Doing(const std::string& name) const {
    return absl::StrCat("pack ", upper_, "/", name);
  }

  const std::string upper_;
  TarWriter archive_;
  uint64_t bytes_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> names_;
};

// #region folder
absl::Status Packer::PackFolder(const UniqueFd& directory,
                                const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(directory);
  RETURN_IF_ERROR(WithContext(Doing(folder), names.status()));
  // Whiteouts come before their siblings, as the specification requires.
  if (IsOpaque(directory)) {
    RETURN_IF_ERROR(PackMark(absl::StrCat(folder, kOpaqueWhiteout)));
  }
  std::vector<std::string> files;
  for (const std::string& name : *names) {
    if (IsWhiteoutAt(directory, name)) {
      RETURN_IF_ERROR(PackMark(absl::StrCat(folder, kWhiteoutPrefix, name)));
    } else if (absl::StartsWith(name, kWhiteoutPrefix)) {
      return absl::InvalidArgumentError(absl::StrCat(
          Doing(folder + name), ": in a layer, a name that begins with ",
          kWhiteoutPrefix, " stands for a file that was deleted"));
    } else {
      files.push_back(name);
    }
  }
  for (const std::string& name : files) {
    // The only lookup by its name.
    const UniqueFd file(
        openat(directory.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!file.valid()) {
      return ErrnoError(errno, Doing(folder + name));
    }
    RETURN_IF_ERROR(CheckForInterruption());
    RETURN_IF_ERROR(Pack(file, folder + name));
  }
  return absl::OkStatus();
}
// #endregion folder

// Its time is fixed, or the archive would differ each time.
absl::Status Packer::PackMark(const std::string& name) {
  TarMember mark;
  mark.name = name;
  mark.mode = S_IFREG | 0644;
  return archive_.Add(mark);
}

absl::Status Packer::Pack(const UniqueFd& file, const std::string& name) {
  absl::StatusOr<TarMember> member = Describe(file, name);
  RETURN_IF_ERROR(WithContext(Doing(name), member.status()));
  if (S_ISSOCK(member->mode)) {
    return absl::OkStatus();  // A socket means nothing without its owner.
  }
  if (S_ISDIR(member->mode)) {
    RETURN_IF_ERROR(archive_.Add(*member));
    return PackFolder(file, member->name);
  }
  if (const std::string* const earlier = EarlierName(file, name)) {
    member->is_hard_link = true;
    member->link_target = *earlier;
    member->size = 0;
  }
  RETURN_IF_ERROR(archive_.Add(*member));
  return member->size == 0
             ? absl::OkStatus()
             : WithContext(Doing(name), PackContent(file, member->size));
}

// Exactly as much as its header says: the file must not change now.
absl::Status Packer::PackContent(const UniqueFd& file, uint64_t size) {
  ASSIGN_OR_RETURN(const UniqueFd content, OpenToRead(file, 0));
  std::string buffer(kBufferSize, '\0');
  for (uint64_t left = size; left > 0;) {
    RETURN_IF_ERROR(CheckForInterruption());
    const ssize_t got = TEMP_FAILURE_RETRY(read(
        content.get(), buffer.data(), std::min<uint64_t>(left, buffer.size())));
    if (got < 0) {
      return ErrnoError(errno, "read it");
    }
    if (got == 0) {
      return absl::AbortedError("somebody has made it shorter meanwhile");
    }
    RETURN_IF_ERROR(archive_.Write(absl::string_view(buffer).substr(0, got)));
    left -= got;
  }
  bytes_ += size;
  return absl::OkStatus();
}

std::string* Packer::EarlierName(const UniqueFd& file,
                                 const std::string& name) {
  struct stat attributes = {};
  if (fstat(file.get(), &attributes) != 0 || attributes.st_nlink < 2) {
    return nullptr;
  }
  const auto [entry, is_new] =
      names_.try_emplace({attributes.st_dev, attributes.st_ino}, name);
  return is_new ? nullptr : &entry->second;
}

absl::StatusOr<std::string> Sha256Of(const UniqueFd& file) {
  constexpr size_t kDigits = 64;
  ASSIGN_OR_RETURN(const std::string line, RunTool({"sha256sum"}, file));
  const std::string digits = line.substr(0, line.find(' '));
  if (digits.size() != kDigits ||
      !absl::c_all_of(digits, absl::ascii_isxdigit)) {
    return absl::InternalError(
        absl::StrCat("sha256sum has printed no sum: ", line));
  }
  return absl::StrCat("sha256:", digits);
}

}  // namespace

absl::StatusOr<LayerInfo> PackLayer(const std::string& upper,
                                    const std::string& file) {
  const std::string doing = absl::StrCat("pack ", upper);
  const UniqueFd directory(
      open(upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return ErrnoError(errno, doing);
  }
  DirectoryUse use;
  RETURN_IF_ERROR(use.Read(directory, doing));
  ASSIGN_OR_RETURN(NewFile archive, NewFile::Create(file));
  Packer packer(upper, archive.file(), file);
  RETURN_IF_ERROR(packer.PackFolder(directory, ""));
  RETURN_IF_ERROR(packer.Finish());
  LayerInfo layer;
  layer.bytes = packer.bytes();
  ASSIGN_OR_RETURN(layer.id, Sha256Of(archive.file()));
  RETURN_IF_ERROR(archive.Appear());
  return layer;
}

}  // namespace mydocker
