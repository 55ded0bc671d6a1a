// Shows one directory on a mount point, as it is and for reading only: the
// beginning of chapter 11.
//
//     make workshop11
//     sudo workshop/11-fuse-union/run -lower build/rootfs tree; ls tree
//     sudo umount tree
//
// If several layers are given, it shows the last. It uses the upper half of
// libfuse, which asks by path. That is enough for a beginning; the lower half
// (fuse_lowlevel.h) asks by number, as the kernel does.

#define FUSE_USE_VERSION 312
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace {

int layer = -1;  // The directory that is shown, open.

// "/etc/hosts" as a name relative to the layer.
const char* Relative(const char* path) {
  return path[1] == '\0' ? "." : path + 1;
}

int GetAttr(const char* path, struct stat* attributes, fuse_file_info*) {
  return fstatat(layer, Relative(path), attributes, AT_SYMLINK_NOFOLLOW) == 0
             ? 0
             : -errno;
}

int ReadLink(const char* path, char* target, size_t size) {
  const ssize_t length = readlinkat(layer, Relative(path), target, size - 1);
  if (length < 0) {
    return -errno;
  }
  target[length] = '\0';
  return 0;
}

int ReadDir(const char* path, void* answer, fuse_fill_dir_t add, off_t,
            fuse_file_info*, fuse_readdir_flags) {
  DIR* const stream = fdopendir(openat(layer, Relative(path), O_DIRECTORY));
  if (stream == nullptr) {
    return -errno;
  }
  while (const dirent* entry = readdir(stream)) {
    add(answer, entry->d_name, nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
  }
  closedir(stream);
  return 0;
}

int Open(const char* path, fuse_file_info* info) {
  if ((info->flags & O_ACCMODE) != O_RDONLY) {
    return -EROFS;
  }
  const int file = openat(layer, Relative(path), O_RDONLY);
  info->fh = file;
  return file < 0 ? -errno : 0;
}

int Read(const char*, char* content, size_t size, off_t offset,
         fuse_file_info* info) {
  const ssize_t length =
      pread(static_cast<int>(info->fh), content, size, offset);
  return length < 0 ? -errno : static_cast<int>(length);
}

int Release(const char*, fuse_file_info* info) {
  close(static_cast<int>(info->fh));
  return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
  std::vector<std::string> words = {argv[0], "-o", "allow_other"};
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "-lower") == 0 && i + 1 < argc) {
      layer = open(argv[++i], O_DIRECTORY | O_CLOEXEC);
    } else if (strcmp(argv[i], "-upper") == 0) {
      ++i;  // What is this for?
    } else {
      words.emplace_back(argv[i]);
    }
  }
  if (layer < 0) {
    fprintf(stderr, "usage: %s -lower DIR MOUNTPOINT\n", argv[0]);
    return 1;
  }
  fuse_operations operations = {};
  operations.getattr = GetAttr;
  operations.readlink = ReadLink;
  operations.readdir = ReadDir;
  operations.open = Open;
  operations.read = Read;
  operations.release = Release;
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  return fuse_main(static_cast<int>(arguments.size()), arguments.data(),
                   &operations, nullptr);
}
