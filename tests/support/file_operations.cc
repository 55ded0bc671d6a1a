#include "tests/support/file_operations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/file_tree.h"
#include "tests/support/launch.h"

namespace blackbox {
namespace {

std::string Told(ssize_t result) {
  return result < 0 ? ErrnoName(errno) : absl::StrCat(result);
}

// Opens, does something with the file, closes.
std::string WithFile(const std::string& path, int flags, mode_t mode,
                     const std::function<ssize_t(int)>& use) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode);
  if (fd < 0) {
    return absl::StrCat("open:", ErrnoName(errno));
  }
  const std::string told = Told(use(fd));
  close(fd);
  return told;
}

std::string Content(uint64_t number) {
  return std::string(number % 5000, static_cast<char>('a' + number % 26));
}

ssize_t WriteText(int fd, uint64_t number, off_t offset) {
  const std::string text = Content(number);
  return pwrite(fd, text.data(), text.size(), offset);
}

std::string ReadSome(int fd, size_t size, off_t offset) {
  std::string text(size, '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), offset);
  if (got < 0) {
    return ErrnoName(errno);
  }
  text.resize(got);
  return absl::StrCat(got, ":", std::hash<std::string>()(text));
}

ssize_t MapAndWrite(int fd, int kind, uint64_t number) {
  struct stat status = {};
  if (fstat(fd, &status) != 0 || status.st_size == 0) {
    return -2;
  }
  auto* const map = static_cast<char*>(
      mmap(nullptr, status.st_size, PROT_READ | PROT_WRITE, kind, fd, 0));
  if (map == MAP_FAILED) {
    return -1;
  }
  map[number % status.st_size] = static_cast<char>(number);
  const int synced = msync(map, status.st_size, MS_SYNC);
  munmap(map, status.st_size);
  return synced;
}

std::string ListNames(const std::string& path) {
  const Listing listing = ListDirectory(path);
  if (listing.error != 0) {
    return ErrnoName(listing.error);
  }
  std::vector<std::string> names;
  for (const Listed& entry : listing.entries) {
    names.push_back(absl::StrCat(Printable(entry.name), "/", entry.type));
  }
  std::sort(names.begin(), names.end());
  return absl::StrJoin(names, ",");
}

// Permissions of all kinds. One is left out: a set-group-ID bit without
// execution for the group has no effect (it was for mandatory locks), and the
// kernel lets FUSE keep it where it clears it on other file systems.
mode_t Mode(uint64_t number) {
  const mode_t mode = number & 07777;
  return (mode & S_ISGID) != 0 ? mode | S_IXGRP : mode;
}

timespec LongAgo(uint64_t number) {
  return {static_cast<time_t>(number % 900'000'000),
          static_cast<long>(number % 1000) * 1'000'000};
}

// A version 2 capability set with one capability (struct vfs_cap_data).
std::string Capability(uint64_t number) {
  std::string value("\x01\x00\x00\x02", 4);
  value += static_cast<char>(1 << (number % 8));
  value.resize(20, '\0');
  return value;
}

std::string AttributeName(uint64_t number) {
  const std::array<std::string, 3> names = {"user.one", "user.two",
                                            "trusted.three"};
  return names[number % names.size()];
}

int& Held(Actor& actor, uint64_t number) {
  return actor.held[number % actor.held.size()];
}

bool IsHeld(const Actor& actor, const std::string& path) {
  struct stat there = {};
  struct stat held = {};
  return stat(path.c_str(), &there) == 0 &&
         std::any_of(actor.held.begin(), actor.held.end(), [&](int fd) {
           return fstat(fd, &held) == 0 && held.st_ino == there.st_ino &&
                  held.st_dev == there.st_dev;
         });
}

// The arguments of an operation.
struct Call {
  Actor& actor;
  const Step& step;
  std::string path;
  std::string other;
  uint64_t n;
};

struct Kind {
  std::string name;
  std::function<std::string(const Call&)> perform;
};

// Those that make files come first.
const std::vector<Kind>& Kinds() {
  static const auto* const kinds = new std::vector<Kind>{
      {"create",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_CREAT | O_EXCL | O_WRONLY, Mode(call.n),
                         [&call](int fd) { return WriteText(fd, call.n, 0); });
       }},
      {"mkdir",
       [](const Call& call) -> std::string {
         return Told(mkdir(call.path.c_str(), 0700 | (Mode(call.n) & 03777)));
       }},
      {"mkdir again",
       [](const Call& call) -> std::string {
         return Told(mkdir(call.path.c_str(), 0777));
       }},
      {"symlink",
       [](const Call& call) -> std::string {
         return Told(
             symlink(call.n % 3 == 0 ? "nowhere" : call.step.other.c_str(),
                     call.path.c_str()));
       }},
      {"link",
       [](const Call& call) -> std::string {
         return Told(linkat(AT_FDCWD, call.other.c_str(), AT_FDCWD,
                            call.path.c_str(), 0));
       }},
      {"mkfifo",
       [](const Call& call) -> std::string {
         return Told(mkfifo(call.path.c_str(), call.n & 0777));
       }},
      {"mknod device",
       [](const Call& call) -> std::string {
         return Told(mknod(call.path.c_str(), S_IFCHR | (call.n & 0777),
                           // Some are whiteouts, which nobody may make.
                           call.n % 8 == 0 ? makedev(0, 0) : makedev(1, 3)));
       }},
      {"mknod socket",
       [](const Call& call) -> std::string {
         return Told(mknod(call.path.c_str(), S_IFSOCK | (call.n & 0777), 0));
       }},
      {"chmod",
       [](const Call& call) -> std::string {
         // When the kernel writes back for the union by itself, it clears
         // set-user-ID bits, even if root wrote. It does not do so for a file
         // that had these bits when it was opened.
         return Told(chmod(call.path.c_str(), IsHeld(call.actor, call.path)
                                                  ? call.n & 0777
                                                  : Mode(call.n)));
       }},
      {"lchown",
       [](const Call& call) -> std::string {
         return Told(lchown(call.path.c_str(),
                            call.n % 3 == 0 ? kOrdinaryUser : call.n % 2,
                            call.n % 5 == 0 ? -1 : call.n % 4));
       }},
      {"utimens",
       [](const Call& call) -> std::string {
         const timespec times[] = {LongAgo(call.n), LongAgo(call.n / 7)};
         return Told(utimensat(AT_FDCWD, call.path.c_str(), times,
                               AT_SYMLINK_NOFOLLOW));
       }},
      {"setxattr",
       [](const Call& call) -> std::string {
         return Told(lsetxattr(call.path.c_str(), AttributeName(call.n).c_str(),
                               Content(call.n).data(), call.n % 200,
                               call.n % 4 == 3 ? XATTR_CREATE : 0));
       }},
      {"set capability",
       [](const Call& call) -> std::string {
         return Told(lsetxattr(call.path.c_str(), "security.capability",
                               Capability(call.n).data(), 20, 0));
       }},
      {"write sparse",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_WRONLY | O_CREAT, 0644, [&call](int fd) {
           return WriteText(fd, call.n, call.n % 1'000'000);
         });
       }},

      // From here on, kinds that need not make any.
      {"open for all",
       [](const Call& call) -> std::string {
         return WithFile(call.path,
                         (call.n % 2 == 0 ? O_CREAT : 0) |
                             (call.n % 3 == 0 ? O_TRUNC : 0) | O_RDWR,
                         0666, [&call](int fd) {
                           return WriteText(fd, call.n, call.n % 6000);
                         });
       }},
      {"append",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_WRONLY | O_APPEND, 0, [&call](int fd) {
           return write(fd, Content(call.n).data(), call.n % 100);
         });
       }},
      {"open and truncate",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_WRONLY | O_TRUNC, 0,
                         [](int) { return 0; });
       }},
      {"open and read",
       [](const Call& call) -> std::string {
         std::string text;
         const std::string told = WithFile(
             call.path, call.n % 5 == 0 ? O_RDONLY | O_NOFOLLOW : O_RDONLY, 0,
             [&](int fd) {
               struct stat status = {};
               fstat(fd, &status);
               if (S_ISREG(status.st_mode)) {
                 text = ReadSome(fd, call.n % 10'000, call.n % 100);
               }
               return 0;
             });
         return told + text;
       }},
      {"truncate",
       [](const Call& call) -> std::string {
         return Told(truncate(call.path.c_str(), call.n % 20'000));
       }},
      {"unlink",
       [](const Call& call) -> std::string {
         return Told(unlink(call.path.c_str()));
       }},
      {"unlink again",
       [](const Call& call) -> std::string {
         return Told(unlink(call.path.c_str()));
       }},
      {"rmdir",
       [](const Call& call) -> std::string {
         return Told(rmdir(call.path.c_str()));
       }},
      {"rename",
       [](const Call& call) -> std::string {
         return Told(rename(call.path.c_str(), call.other.c_str()));
       }},
      {"rename again",
       [](const Call& call) -> std::string {
         return Told(rename(call.path.c_str(), call.other.c_str()));
       }},
      {"rename, not over another",
       [](const Call& call) -> std::string {
         return Told(renameat2(AT_FDCWD, call.path.c_str(), AT_FDCWD,
                               call.other.c_str(), RENAME_NOREPLACE));
       }},
      {"exchange",
       [](const Call& call) -> std::string {
         return Told(renameat2(AT_FDCWD, call.path.c_str(), AT_FDCWD,
                               call.other.c_str(), RENAME_EXCHANGE));
       }},
      {"readlink",
       [](const Call& call) -> std::string {
         std::string target(PATH_MAX, '\0');
         const ssize_t size =
             readlink(call.path.c_str(), target.data(), target.size());
         return Told(size) + target.substr(0, std::max<ssize_t>(size, 0));
       }},
      {"stat",
       [](const Call& call) -> std::string { return DescribeFile(call.path); }},
      {"access",
       [](const Call& call) -> std::string {
         return Told(
             faccessat(AT_FDCWD, call.path.c_str(), call.n % 8, AT_EACCESS));
       }},
      {"list",
       [](const Call& call) -> std::string { return ListNames(call.path); }},
      {"list the top",
       [](const Call& call) -> std::string {
         return ListNames(call.actor.root);
       }},
      {"getxattr",
       [](const Call& call) -> std::string {
         char value[300] = {};
         return Told(lgetxattr(call.path.c_str(), AttributeName(call.n).c_str(),
                               value, call.n % sizeof(value)));
       }},
      {"removexattr",
       [](const Call& call) -> std::string {
         return Told(
             lremovexattr(call.path.c_str(), AttributeName(call.n).c_str()));
       }},
      {"statfs",
       [](const Call& call) -> std::string {
         struct statvfs info = {};
         return Told(statvfs(call.path.c_str(), &info)) +
                absl::StrCat(info.f_namemax);
       }},
      {"fallocate",
       [](const Call& call) -> std::string {
         // Also writes, for fallocate does not change the time on every file
         // system (not on tmpfs in Linux 6.1), and FUSE keeps the union's time.
         return WithFile(call.path, O_RDWR, 0, [&call](int fd) {
           const int mode = call.n % 3 == 0 ? 0
                            : call.n % 3 == 1
                                ? FALLOC_FL_KEEP_SIZE
                                : FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
           const int result =
               fallocate(fd, mode, call.n % 9000, call.n % 5000 + 1);
           return result == 0 && pwrite(fd, "f", 1, 0) != 1 ? -1 : result;
         });
       }},
      {"map shared",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_RDWR, 0, [&call](int fd) {
           return MapAndWrite(fd, MAP_SHARED, call.n);
         });
       }},
      {"map private",
       [](const Call& call) -> std::string {
         return WithFile(call.path, O_RDONLY, 0, [&call](int fd) {
           return MapAndWrite(fd, MAP_PRIVATE, call.n);
         });
       }},
      {"too long a name",
       [](const Call& call) -> std::string {
         return Told(
             mkdir((call.path + "/" + std::string(260, 'x')).c_str(), 0700));
       }},

      // On files that are held open.
      {"hold",
       [](const Call& call) -> std::string {
         int& fd = Held(call.actor, call.n);
         if (fd >= 0) {
           close(fd);
         }
         fd = open(call.path.c_str(), (call.n % 3 == 0 ? O_RDWR : O_RDONLY) |
                                          O_CLOEXEC | O_NONBLOCK);
         return Told(fd < 0 ? -1 : 0);
       }},
      {"let go",
       [](const Call& call) -> std::string {
         return Told(close(std::exchange(Held(call.actor, call.n), -1)));
       }},
      {"held: read",
       [](const Call& call) -> std::string {
         return ReadSome(Held(call.actor, call.n), call.n % 9000, call.n % 50);
       }},
      {"held: read again",
       [](const Call& call) -> std::string {
         return ReadSome(Held(call.actor, call.n), 1 << 20, 0);
       }},
      {"held: write",
       [](const Call& call) -> std::string {
         return Told(
             WriteText(Held(call.actor, call.n), call.n, call.n % 7000));
       }},
      {"held: stat",
       [](const Call& call) -> std::string {
         struct stat status = {};
         return absl::StrCat(Told(fstat(Held(call.actor, call.n), &status)),
                             " ", status.st_mode, " ", status.st_uid, " ",
                             S_ISDIR(status.st_mode) ? 0 : status.st_size);
       }},
      {"held: truncate",
       [](const Call& call) -> std::string {
         return Told(ftruncate(Held(call.actor, call.n), call.n % 9000));
       }},
      {"held: chmod",
       [](const Call& call) -> std::string {
         return Told(fchmod(Held(call.actor, call.n), call.n & 0777));
       }},
      {"held: utimens",
       [](const Call& call) -> std::string {
         const timespec times[] = {LongAgo(call.n), LongAgo(call.n)};
         return Told(futimens(Held(call.actor, call.n), times));
       }},
      {"held: sync",
       [](const Call& call) -> std::string {
         return Told(fdatasync(Held(call.actor, call.n)));
       }},
      {"held: seek a hole",
       [](const Call& call) -> std::string {
         // For files only: each file system has its own answer for a directory.
         struct stat status = {};
         const int fd = Held(call.actor, call.n);
         if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
           return "no file";
         }
         // The granularity of holes depends on the file system.
         return lseek(fd, 0, SEEK_HOLE) < 0 ? ErrnoName(errno) : "found";
       }},
      {"held: lock",
       [](const Call& call) -> std::string {
         return Told(flock(Held(call.actor, call.n),
                           (call.n % 2 == 0 ? LOCK_EX : LOCK_UN) | LOCK_NB));
       }},
      {"held: copy range",
       [](const Call& call) -> std::string {
         off_t in = call.n % 1000;
         off_t out = call.n % 3000;
         return Told(copy_file_range(Held(call.actor, call.n), &in,
                                     Held(call.actor, call.n / 4), &out,
                                     call.n % 4000, 0));
       }},
  };
  return *kinds;
}

}  // namespace

Actor::Actor(std::string directory) : root(std::move(directory)) {}

Actor::~Actor() {
  for (const int fd : held) {
    close(fd);
  }
}

size_t FileOperations::CountKinds() { return Kinds().size(); }

size_t FileOperations::CountMakingKinds() {
  return std::find_if(
             Kinds().begin(), Kinds().end(),
             [](const Kind& kind) { return kind.name == "open for all"; }) -
         Kinds().begin();
}

// Few names, so that operations meet on them; and names of all kinds.
std::string FileOperations::RandomPath() {
  static const std::vector<std::string> names = {
      "a", "b", "c", "d", "e", std::string(255, 'n'), "\xff\n \\"};
  std::string path;
  const std::array<int, 8> depths = {1, 1, 1, 1, 2, 2, 2, 3};
  for (int depth = depths[random_() % depths.size()]; depth > 0; --depth) {
    absl::StrAppend(&path, path.empty() ? "" : "/",
                    names[random_() % names.size()]);
  }
  return path;
}

Step FileOperations::NextOf(size_t kinds) {
  Step step;
  step.kind = random_() % kinds;
  step.path = RandomPath();
  step.other = RandomPath();
  step.number = random_() >> 16;
  step.user = random_() % 5 == 0 ? kOrdinaryUser : 0;
  return step;
}

Step FileOperations::NextToMake() { return NextOf(CountMakingKinds()); }

// As many steps that make something as steps that remove something.
Step FileOperations::Next() {
  return random_() % 4 == 0 ? NextToMake() : NextOf(CountKinds());
}

std::string FileOperations::Do(Actor& actor, const Step& step) {
  // The process has one thread, so the calls run as this effective user.
  if (setegid(step.user) != 0 || seteuid(step.user) != 0) {
    return "cannot become the user";
  }
  const std::string came =
      Kinds()[step.kind].perform({actor, step, actor.root + "/" + step.path,
                                  actor.root + "/" + step.other, step.number});
  if (seteuid(0) != 0 || setegid(0) != 0) {
    return "cannot become root again";
  }
  return came;
}

std::string FileOperations::Describe(const Step& step) {
  return absl::StrCat(Kinds()[step.kind].name, " ", Printable(step.path), " ",
                      Printable(step.other), " ", step.number, " by ",
                      step.user);
}

}  // namespace blackbox
