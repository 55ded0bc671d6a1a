#include "common/files/unpack_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/files/archive_stream.h"
#include "common/files/attributes.h"
#include "common/files/inherit.h"
#include "common/files/layer.h"
#include "common/files/tar_format.h"
#include "common/files/tar_reader.h"

namespace mydocker {
namespace {

constexpr size_t kBufferSize = size_t{1} << 16;
constexpr mode_t kPermissions = 07777;

// The words between the slashes of a name.
using Words = std::vector<std::string>;

// "." and a leading slash mean nothing: everything is below the layer's root.
absl::StatusOr<Words> WordsOf(const std::string& name) {
  Words words;
  for (const absl::string_view word :
       absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (word == "..") {
      return absl::InvalidArgumentError(
          "a name with \"..\" in it could lead out of the layer");
    }
    if (word != ".") {
      words.emplace_back(word);
    }
  }
  return words;
}

std::string PathOf(const Words& words) { return absl::StrJoin(words, "/"); }

// Whether these are members of an image, in which layers are archives
// themselves.
class ImageSigns {
 public:
  void See(absl::string_view name) {
    absl::ConsumePrefix(&name, "./");
    list_ = list_ || name == "manifest.json" || name == "oci-layout";
    layers_ = layers_ || absl::StartsWith(name, "blobs/sha256/") ||
              absl::EndsWith(name, "/layer.tar");
  }
  bool are_all_there() const { return list_ && layers_; }

 private:
  bool list_ = false;
  bool layers_ = false;
};

// Opens the entry `name` of the open `folder`, even if it is a link itself.
absl::StatusOr<UniqueFd> OpenJust(const UniqueFd& folder,
                                  const std::string& name) {
  UniqueFd file(
      openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  return file.valid() ? absl::StatusOr<UniqueFd>(std::move(file))
                      : ErrnoError(errno, "find it again");
}

bool IsFolderAt(const UniqueFd& folder, const std::string& name) {
  struct stat there = {};
  return fstatat(folder.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) ==
             0 &&
         S_ISDIR(there.st_mode);
}

// Gives the open `file` the attributes of `member`. First the owner, since a
// change of owner clears capabilities and the set-user-ID bit.
absl::Status Dress(const UniqueFd& file, const TarMember& member) {
  const std::string path = PathOfOpen(file);
  if (fchownat(file.get(), "", member.uid, member.gid, AT_EMPTY_PATH) != 0) {
    return ErrnoError(errno, "give it its owner");
  }
  RETURN_IF_ERROR(WriteAttributes(file, member.attributes));
  if (!S_ISLNK(member.mode) &&
      chmod(path.c_str(), member.mode & kPermissions) != 0) {
    return ErrnoError(errno, "give it its permissions");
  }
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                             member.mtime};
  return utimensat(AT_FDCWD, path.c_str(), times, 0) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, "give it its time");
}

absl::Status WriteContent(const UniqueFd& file, TarReader& content) {
  std::string buffer(kBufferSize, '\0');
  size_t size = 0;
  do {
    ASSIGN_OR_RETURN(size, content.Read(buffer.data(), buffer.size()));
    const absl::Status written =
        WriteAll(file.get(), absl::string_view(buffer.data(), size));
    if (!written.ok()) {
      return ErrnoError(ErrnoOf(written), "write it");
    }
  } while (size > 0);
  return absl::OkStatus();
}

// Makes a file that is neither a directory nor a hard link.
absl::Status MakeFile(const TarMember& member, const UniqueFd& folder,
                      const std::string& name, TarReader& content) {
  constexpr mode_t kForNow = 0600;
  switch (member.mode & S_IFMT) {
    case S_IFREG: {
      const UniqueFd file(openat(folder.get(), name.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                 kForNow));
      if (!file.valid()) {
        return ErrnoError(errno, "make it");
      }
      return WriteContent(file, content);
    }
    case S_IFLNK:
      return symlinkat(member.link_target.c_str(), folder.get(),
                       name.c_str()) == 0
                 ? absl::OkStatus()
                 : ErrnoError(errno, "make the link");
    default:
      return mknodat(folder.get(), name.c_str(),
                     (member.mode & S_IFMT) | kForNow, member.device) == 0
                 ? absl::OkStatus()
                 : ErrnoError(errno, "make it");
  }
}

// Forgets `path`, and what lies below it.
template <typename Value>
void Forget(std::map<std::string, Value>& noted, const std::string& path) {
  noted.erase(path);
  const std::string below = path + "/";
  for (auto i = noted.lower_bound(below);
       i != noted.end() && absl::StartsWith(i->first, below);) {
    i = noted.erase(i);
  }
}

class Unpacker {
 public:
  // Unpacks into `root`, as a layer on those in `below`.
  Unpacker(UniqueFd root, const std::vector<std::string>& below)
      : root_(std::move(root)), below_(below) {}

  // Makes what `member` says; `content` gives its content.
  absl::Status Unpack(const TarMember& member, TarReader& content);

  // Does what needs all members: marks become overlayfs's whiteouts,
  // directories get their owners, permissions and times.
  absl::Status Finish();

 private:
  // Opens a directory; also makes the missing ones on the way if `make`.
  absl::StatusOr<UniqueFd> OpenFolder(const Words& words, bool make);
  absl::Status NoteMark(const Words& folder, const std::string& mark);
  absl::Status Replace(const Words& mark);
  absl::Status MakeFolder(const UniqueFd& parent, const Words& words);
  absl::Status MakeHardLink(const TarMember& member, const UniqueFd& folder,
                            const Words& words);
  // Removes an earlier file and all in it: the later member counts.
  absl::Status Clear(const UniqueFd& folder, const Words& words);

  const UniqueFd root_;
  const std::vector<std::string>& below_;
  // The archive's entries for directories, by their paths. A directory that
  // exists only because files are in it has none; mostly that is the root, "".
  std::map<std::string, std::optional<TarMember>> folders_ = {
      {"", std::nullopt}};
  std::map<std::string, Words> marks_;  // By their paths.
};

// #region unpack
absl::Status Unpacker::Unpack(const TarMember& member, TarReader& content) {
  ASSIGN_OR_RETURN(const Words words, WordsOf(member.name));
  const auto mark = absl::c_find_if(words, [](const std::string& word) {
    return absl::StartsWith(word, kWhiteoutPrefix);
  });
  if (mark != words.end()) {
    return NoteMark(Words(words.begin(), mark), *mark);
  }
  if (words.empty()) {
    folders_[""] = member;
    return S_ISDIR(member.mode) ? absl::OkStatus()
                                : absl::InvalidArgumentError("it has no name");
  }
  ASSIGN_OR_RETURN(const UniqueFd folder,
                   OpenFolder(Words(words.begin(), words.end() - 1), true));
  if (S_ISDIR(member.mode)) {
    RETURN_IF_ERROR(MakeFolder(folder, words));
    folders_[PathOf(words)] = member;
    return absl::OkStatus();
  }
  if (member.is_hard_link) {
    return MakeHardLink(member, folder, words);
  }
  RETURN_IF_ERROR(Clear(folder, words));
  RETURN_IF_ERROR(MakeFile(member, folder, words.back(), content));
  ASSIGN_OR_RETURN(const UniqueFd made, OpenJust(folder, words.back()));
  return Dress(made, member);
}

absl::StatusOr<UniqueFd> Unpacker::OpenFolder(const Words& words, bool make) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd folder(openat(root_.get(), ".", kFlags));
  if (!folder.valid()) {
    return ErrnoError(errno, "go to the layer's root");
  }
  std::string path;
  for (const std::string& word : words) {
    absl::StrAppend(&path, path.empty() ? "" : "/", word);
    UniqueFd next(openat(folder.get(), word.c_str(), kFlags));
    if (!next.valid() && errno == ENOENT && make) {
      if (mkdirat(folder.get(), word.c_str(), 0700) != 0) {
        return ErrnoError(errno,
                          absl::StrCat("make its folder ", ShownName(path)));
      }
      folders_[path] = std::nullopt;
      next = UniqueFd(openat(folder.get(), word.c_str(), kFlags));
    }
    if (!next.valid()) {
      return ErrnoError(errno, absl::StrCat("go to ", ShownName(path)),
                        errno == ELOOP || errno == ENOTDIR
                            ? "in this archive that is a file or a link, "
                              "and nothing is unpacked through a link"
                            : "");
    }
    folder = std::move(next);
  }
  return folder;
}
// #endregion unpack

absl::Status Unpacker::MakeFolder(const UniqueFd& parent, const Words& words) {
  const std::string& name = words.back();
  if (IsFolderAt(parent, name)) {
    return absl::OkStatus();  // Listed twice, or so far only implied.
  }
  RETURN_IF_ERROR(Clear(parent, words));
  return mkdirat(parent.get(), name.c_str(), 0700) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, "make it");
}

absl::Status Unpacker::MakeHardLink(const TarMember& member,
                                    const UniqueFd& folder,
                                    const Words& words) {
  const std::string doing =
      absl::StrCat("make it a hard link to ", ShownName(member.link_target));
  const absl::StatusOr<Words> target = WordsOf(member.link_target);
  RETURN_IF_ERROR(WithContext(doing, target.status()));
  if (target->empty() || *target == words) {
    return absl::InvalidArgumentError(
        absl::StrCat(doing, ": that is no other file"));
  }
  const absl::StatusOr<UniqueFd> place =
      OpenFolder(Words(target->begin(), target->end() - 1), false);
  RETURN_IF_ERROR(WithContext(doing, place.status()));
  RETURN_IF_ERROR(Clear(folder, words));
  if (linkat(place->get(), target->back().c_str(), folder.get(),
             words.back().c_str(), 0) != 0) {
    const int error = errno;
    return ErrnoError(
        error, doing,
        error == ENOENT ? "only to what is in the archive, and before it" : "");
  }
  return absl::OkStatus();
}

absl::Status Unpacker::Clear(const UniqueFd& folder, const Words& words) {
  std::error_code error;
  std::filesystem::remove_all(
      absl::StrCat(PathOfOpen(folder), "/", words.back()), error);
  if (error) {
    return ErrnoError(error.value(), "replace what was there before");
  }
  Forget(folders_, PathOf(words));
  Forget(marks_, PathOf(words));
  return absl::OkStatus();
}

absl::Status Unpacker::NoteMark(const Words& folder, const std::string& mark) {
  if (mark != kOpaqueWhiteout && absl::StartsWith(mark, kAufsPrefix)) {
    return absl::OkStatus();
  }
  const absl::string_view hidden =
      absl::string_view(mark).substr(kWhiteoutPrefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return absl::InvalidArgumentError(
        absl::StrCat(ShownName(mark), " is no name of a deleted file"));
  }
  RETURN_IF_ERROR(OpenFolder(folder, true).status());
  Words words = folder;
  words.push_back(mark);
  marks_[PathOf(words)] = words;
  return absl::OkStatus();
}

// #region translate
// Replaces a mark by overlayfs's form of it.
absl::Status Unpacker::Replace(const Words& mark) {
  ASSIGN_OR_RETURN(const UniqueFd folder,
                   OpenFolder(Words(mark.begin(), mark.end() - 1), false));
  if (mark.back() == kOpaqueWhiteout) {
    return MakeOpaque(folder);
  }
  const std::string hidden = mark.back().substr(kWhiteoutPrefix.size());
  absl::Status made = MakeWhiteout(folder, hidden);
  if (ErrnoOf(made) != EEXIST) {
    return made;
  }
  // It was deleted and made again, in one layer. The new file hides the old
  // one, except that a directory would show both.
  if (!IsFolderAt(folder, hidden)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const UniqueFd made_again, OpenJust(folder, hidden));
  return MakeOpaque(made_again);
}
// #endregion translate

absl::Status Unpacker::Finish() {
  for (const auto& [path, words] : marks_) {
    RETURN_IF_ERROR(WithContext(absl::StrCat("its member ", ShownName(path)),
                                Replace(words)));
  }
  // Inner directories first: changes in a directory change its time.
  for (auto i = folders_.rbegin(); i != folders_.rend(); ++i) {
    const auto& [path, member] = *i;
    ASSIGN_OR_RETURN(const Words words, WordsOf(path));
    ASSIGN_OR_RETURN(const UniqueFd folder, OpenFolder(words, false));
    const absl::Status dressed = member.has_value()
                                     ? Dress(folder, *member)
                                     : Inherit(below_, path, folder);
    RETURN_IF_ERROR(
        WithContext(absl::StrCat("its folder ", ShownName(path)), dressed));
  }
  return absl::OkStatus();
}

absl::Status Unpack(const std::string& file, Unpacker& unpacker) {
  ASSIGN_OR_RETURN(ArchiveStream stream, ArchiveStream::Open(file));
  TarReader reader([&stream](char* buffer, size_t size) {
    return stream.Read(buffer, size);
  });
  ImageSigns image;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<TarMember> member, reader.Next());
    if (!member.has_value()) {
      return unpacker.Finish();
    }
    image.See(member->name);
    if (image.are_all_there()) {
      return absl::InvalidArgumentError(
          "it is no layer but an image, as docker save writes it: unpack it; "
          "its manifest.json or index.json leads to the layers in it");
    }
    const absl::Status unpacked = unpacker.Unpack(*member, reader);
    // The reader's errors name the member themselves.
    RETURN_IF_ERROR(
        absl::IsDataLoss(unpacked)
            ? unpacked
            : WithContext(absl::StrCat("its member ", ShownName(member->name)),
                          unpacked));
  }
}

}  // namespace

absl::Status UnpackLayer(const std::string& file, const std::string& directory,
                         const std::vector<std::string>& below) {
  const std::string doing = absl::StrCat("unpack layer ", file);
  UniqueFd root = OpenDirectory(directory);
  if (!root.valid()) {
    return ErrnoError(errno, absl::StrCat(doing, " in ", directory));
  }
  Unpacker unpacker(std::move(root), below);
  return WithContext(doing, Unpack(file, unpacker));
}

}  // namespace mydocker
