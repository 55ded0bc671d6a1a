#include "chapters/11-fuse-union/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <memory>
#include <unordered_set>

#include "chapters/11-fuse-union/marks.h"

namespace mydocker {
namespace {

// What one part says about a name.
enum class Answer { kNothing, kDeleted, kThere, kError };

Answer Ask(int part, const std::string& name, struct stat& attributes) {
  if (fstatat(part, name.c_str(), &attributes, AT_SYMLINK_NOFOLLOW) == 0) {
    return IsWhiteout(attributes) ? Answer::kDeleted : Answer::kThere;
  }
  return errno == ENOENT ? Answer::kNothing : Answer::kError;
}

// Opens the directory `name` for reading it and its attributes. Root leaves no
// trace in a layer. A directory that may not be read is opened only to reach
// what is in it.
UniqueFd OpenPart(int parent, const std::string& name) {
  constexpr int kFlags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd part(openat(parent, name.c_str(), kFlags | O_RDONLY | O_NOATIME));
  if (!part.valid() && errno == EPERM) {
    part = UniqueFd(openat(parent, name.c_str(), kFlags | O_RDONLY));
  }
  if (!part.valid() && errno == EACCES) {
    part = UniqueFd(openat(parent, name.c_str(), kFlags | O_PATH));
  }
  return part;
}

struct CloseStream {
  void operator()(DIR* stream) const { closedir(stream); }
};
using Stream = std::unique_ptr<DIR, CloseStream>;

// Opens a new stream, with its own position.
Stream OpenStream(int part) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  int fd = openat(part, ".", kFlags | O_NOATIME);
  if (fd < 0 && errno == EPERM) {
    fd = openat(part, ".", kFlags);
  }
  if (fd < 0) {
    return nullptr;
  }
  return Stream(fdopendir(fd));
}

// Whether an entry of a listing is a whiteout. Few entries are devices, so
// reading their numbers costs little.
bool IsWhiteoutEntry(int part, const dirent& entry) {
  struct stat attributes = {};
  return (entry.d_type == DT_CHR || entry.d_type == DT_UNKNOWN) &&
         fstatat(part, entry.d_name, &attributes, AT_SYMLINK_NOFOLLOW) == 0 &&
         IsWhiteout(attributes);
}

bool IsDots(const char* name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// #region list
// Adds the entries of `part`. `hidden` holds the names settled by parts above,
// and gets those of this one.
int ListPart(int part, bool upper, std::unordered_set<std::string>& hidden,
             std::vector<Entry>& entries) {
  const Stream stream = OpenStream(part);
  struct stat attributes = {};
  if (stream == nullptr || fstat(part, &attributes) != 0) {
    return errno;
  }
  std::vector<std::string> deleted;
  for (errno = 0; const dirent* entry = readdir(stream.get()); errno = 0) {
    const std::string name = entry->d_name;
    if (IsDots(entry->d_name)) {
      continue;
    }
    if (IsMarkName(name)) {
      deleted.push_back(name.substr(WhiteoutName("").size()));
    } else if (hidden.insert(name).second && !IsWhiteoutEntry(part, *entry)) {
      entries.push_back(
          {name, entry->d_ino, entry->d_type, attributes.st_dev, upper});
    }
  }
  const int error = errno;
  // Added last, because a mark does not hide a file beside it.
  hidden.insert(deleted.begin(), deleted.end());
  return error;
}
// #endregion list

}  // namespace

std::vector<int> Directory::Parts() const {
  std::vector<int> parts;
  if (upper() >= 0) {
    parts.push_back(upper());
  }
  for (const UniqueFd& part : lower_) {
    parts.push_back(part.get());
  }
  return parts;
}

void Directory::SetUpper(UniqueFd upper) {
  upper_ = std::move(upper);
  upper_fd_ = upper_.get();
}

// #region find
int Find(const Directory& directory, const std::string& name, Found& found) {
  if (IsMarkName(name)) {
    return ENOENT;
  }
  const std::vector<int> parts = directory.Parts();
  for (size_t i = 0; i < parts.size(); ++i) {
    switch (Ask(parts[i], name, found.attributes)) {
      case Answer::kNothing:
        continue;
      case Answer::kDeleted:
        return ENOENT;
      case Answer::kError:
        return errno;
      case Answer::kThere:
        break;
    }
    // Checked last, so that it costs nothing where there is nothing to hide.
    for (size_t above = 0; above < i; ++above) {
      if (HasWhiteoutFile(parts[above], name)) {
        return ENOENT;
      }
    }
    found.directory = parts[i];
    return 0;
  }
  return ENOENT;
}
// #endregion find

bool IsBelow(const Directory& directory, const std::string& name) {
  Found found;
  for (const UniqueFd& part : directory.lower()) {
    switch (Ask(part.get(), name, found.attributes)) {
      case Answer::kDeleted:
        return false;
      case Answer::kThere:
      case Answer::kError:  // One whiteout too many is better than one too few.
        return true;
      case Answer::kNothing:
        if (HasWhiteoutFile(part.get(), name)) {
          return false;
        }
    }
  }
  return false;
}

// #region open-merged
int OpenMerged(const Directory& parent, const std::string& name,
               const Found& found, std::unique_ptr<Directory>& directory) {
  UniqueFd upper;
  std::vector<UniqueFd> lower;
  int last = -1;         // The lowest part so far,
  int last_parent = -1;  // and the directory that it is in.
  for (const int part : parent.Parts()) {
    struct stat attributes = {};
    if (last < 0 && part != found.directory) {
      continue;
    }
    const Answer answer = Ask(part, name, attributes);
    if (answer == Answer::kNothing) {
      if (last >= 0 && HasWhiteoutFile(part, name)) {
        break;
      }
      continue;
    }
    // Merge it with those above unless something forbids it.
    if (answer != Answer::kThere || !S_ISDIR(attributes.st_mode) ||
        (last >= 0 && (IsOpaque(last) || HasWhiteoutFile(last_parent, name)))) {
      break;
    }
    UniqueFd opened = OpenPart(part, name);
    if (!opened.valid()) {
      return errno;
    }
    last = opened.get();
    last_parent = part;
    (part == parent.upper() ? upper : lower.emplace_back()) = std::move(opened);
  }
  if (last < 0) {
    return ENOENT;
  }
  directory = std::make_unique<Directory>(std::move(upper), std::move(lower));
  return 0;
}
// #endregion open-merged

int List(const Directory& directory, std::vector<Entry>& entries) {
  entries.clear();
  std::unordered_set<std::string> hidden;
  for (const int part : directory.Parts()) {
    if (const int error =
            ListPart(part, part == directory.upper(), hidden, entries);
        error != 0) {
      return error;
    }
  }
  return 0;
}

}  // namespace mydocker
