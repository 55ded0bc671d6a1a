#include "common/files/copy_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/files/attributes.h"
#include "common/files/in_root.h"

namespace mydocker {
namespace {

constexpr mode_t kPermissions = 07777;

class TreeCopy {
 public:
  explicit TreeCopy(const UniqueFd& to) : top_(to) {}

  // Copies a directory and what is in it. `path` is where it lies below the
  // topmost; empty for that.
  absl::Status CopyDirectory(const UniqueFd& from, const UniqueFd& to,
                             const std::string& path) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(PathOfOpen(from), error),
         end;
         !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      const std::string below =
          absl::StrCat(path, path.empty() ? "" : "/", name);
      RETURN_IF_ERROR(CopyEntry(from, to, name, below));
    }
    const std::string name = path.empty() ? "." : path;
    if (error) {
      return ErrnoError(error.value(), absl::StrCat("list ", name));
    }
    // Last, since what was made in it has changed its times.
    return WithContext(absl::StrCat("copy ", name), CopyAttributes(from, to));
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  absl::Status CopyEntry(const UniqueFd& from, const UniqueFd& to,
                         const std::string& name, const std::string& path) {
    const std::string doing = absl::StrCat("copy ", path);
    const absl::StatusOr<UniqueFd> opened =
        OpenInRoot(from, name, O_PATH | O_NOFOLLOW, RESOLVE_NO_XDEV);
    if (ErrnoOf(opened.status()) == ENOENT ||
        ErrnoOf(opened.status()) == EXDEV) {
      return absl::OkStatus();  // It is gone, or another file system.
    }
    RETURN_IF_ERROR(WithContext(doing, opened.status()));
    const UniqueFd& file = *opened;
    struct stat attributes = {};
    if (fstat(file.get(), &attributes) != 0) {
      return ErrnoError(errno, doing);
    }
    if (S_ISDIR(attributes.st_mode)) {
      return MakeDirectory(file, to, name, path);
    }
    const Identity identity = {attributes.st_dev, attributes.st_ino};
    if (attributes.st_nlink > 1) {
      if (const auto first = links_.find(identity); first != links_.end()) {
        return linkat(top_.get(), first->second.c_str(), to.get(), name.c_str(),
                      0) == 0
                   ? absl::OkStatus()
                   : ErrnoError(errno, doing);
      }
      links_[identity] = path;
    }
    return WithContext(doing, S_ISREG(attributes.st_mode)
                                  ? CopyFile(file, attributes, to, name)
                                  : CopyNode(file, attributes, to, name));
  }

  absl::Status MakeDirectory(const UniqueFd& file, const UniqueFd& to,
                             const std::string& name, const std::string& path) {
    const UniqueFd from(
        openat(file.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!from.valid() || mkdirat(to.get(), name.c_str(), 0700) != 0) {
      return ErrnoError(errno, absl::StrCat("copy ", path));
    }
    const UniqueFd made(
        openat(to.get(), name.c_str(),
               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made.valid()) {
      return ErrnoError(errno, absl::StrCat("copy ", path));
    }
    return CopyDirectory(from, made, path);
  }

  static absl::Status CopyFile(const UniqueFd& file,
                               const struct stat& attributes,
                               const UniqueFd& to, const std::string& name) {
    // The very file that was looked at, and no other type.
    const UniqueFd from(open(PathOfOpen(file).c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd made(openat(to.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!from.valid() || !made.valid()) {
      return ErrnoError(errno, "open it");
    }
    RETURN_IF_ERROR(CopyContent(from, made, attributes.st_size));
    return CopyAttributes(from, made);
  }

  // Copies `size` bytes, without what is a hole.
  static absl::Status CopyContent(const UniqueFd& from, const UniqueFd& to,
                                  off_t size) {
    off_t at = 0;
    while (at < size) {
      const off_t data = lseek(from.get(), at, SEEK_DATA);
      if (data < 0 && errno == ENXIO) {
        break;  // There is only a hole left.
      }
      const off_t hole = data < 0 ? size : lseek(from.get(), data, SEEK_HOLE);
      at = data < 0 ? at : data;  // Negative: unknown to the file system.
      const off_t end = hole < at ? size : std::min(hole, size);
      while (at < end) {
        ASSIGN_OR_RETURN(const off_t copied, CopyPart(from, to, at, end));
        if (copied == 0) {
          return absl::OkStatus();  // It has become shorter.
        }
        at += copied;
      }
    }
    return ftruncate(to.get(), size) == 0 ? absl::OkStatus()
                                          : ErrnoError(errno, "write it");
  }

  // Copies bytes from `at` on, up to `end`; returns how many, 0 at the end of
  // the file.
  static absl::StatusOr<off_t> CopyPart(const UniqueFd& from,
                                        const UniqueFd& to, off_t at,
                                        off_t end) {
    std::array<char, 1 << 16> buffer;
    const ssize_t count =
        TEMP_FAILURE_RETRY(pread(from.get(), buffer.data(),
                                 std::min<off_t>(end - at, buffer.size()), at));
    if (count < 0) {
      return ErrnoError(errno, "read it");
    }
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = TEMP_FAILURE_RETRY(
          pwrite(to.get(), buffer.data() + done, count - done, at + done));
      if (written < 0) {
        return ErrnoError(errno, "write it");
      }
      done += written;
    }
    return count;
  }

  // Copies a symbolic link, FIFO, socket or device.
  static absl::Status CopyNode(const UniqueFd& file,
                               const struct stat& attributes,
                               const UniqueFd& to, const std::string& name) {
    const bool is_link = S_ISLNK(attributes.st_mode);
    if (is_link) {
      std::array<char, PATH_MAX> target = {};
      if (readlinkat(file.get(), "", target.data(), target.size() - 1) < 0 ||
          symlinkat(target.data(), to.get(), name.c_str()) != 0) {
        return ErrnoError(errno, "make the link");
      }
    } else if (mknodat(to.get(), name.c_str(), attributes.st_mode,
                       attributes.st_rdev) != 0) {
      return ErrnoError(errno, "make it");
    }
    const timespec times[2] = {attributes.st_atim, attributes.st_mtim};
    if (fchownat(to.get(), name.c_str(), attributes.st_uid, attributes.st_gid,
                 AT_SYMLINK_NOFOLLOW) != 0 ||
        (!is_link && fchmodat(to.get(), name.c_str(),
                              attributes.st_mode & kPermissions, 0) != 0) ||
        utimensat(to.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoError(errno, "give it owner, permissions and times");
    }
    return absl::OkStatus();
  }

  const UniqueFd& top_;
  // Where the first name of a file with several was copied to.
  std::map<Identity, std::string> links_;
};

}  // namespace

absl::Status CopyTree(const UniqueFd& from, const UniqueFd& to) {
  return TreeCopy(to).CopyDirectory(from, to, "");
}

}  // namespace mydocker
