// Chapter 11: behaviour of a union of layers that random operations do not
// reach. fuse_union_differential_test.cc has the rest, fuse_union_error_test.cc
// the errors.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_tree.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/union_test.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class FuseUnionTest : public UnionTest {
 protected:
  static struct stat StatOf(const std::string& name) {
    struct stat status = {};
    EXPECT_EQ(lstat(Path(name).c_str(), &status), 0)
        << name << ": " << strerror(errno);
    return status;
  }
  // The arguments for a union over "low", in the foreground.
  static std::vector<std::string> InForeground() {
    for (const char* directory : {"low", "upper", "tree"}) {
      Make(directory);
    }
    std::vector<std::string> words = Words({"low"}, "upper", "tree");
    words.insert(words.begin(), "-f");
    return words;
  }
  static bool IsMounted() {
    return ReadFile("/proc/self/mountinfo").find(Path("tree")) !=
           std::string::npos;
  }
};

TEST_F(FuseUnionTest, WithoutAnUpperDirectoryNothingCanBeChanged) {
  Write("low/file", "text");
  const Tree before = DescribeTree(Make("low"));
  MountUnion({"low", "high"}, "", "tree");
  EXPECT_EQ(open(Path("tree/file").c_str(), O_WRONLY), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(unlink(Path("tree/file").c_str()), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(mkdir(Path("tree/new").c_str(), 0700), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(rename(Path("tree/file").c_str(), Path("tree/other").c_str()), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(Read("tree/file"), "text");
  Unmount("tree");
  EXPECT_THAT(Differences(before, DescribeTree(Path("low"))), IsEmpty());
}

// The marks of AUFS and fuse-overlayfs, in layers and in the upper directory.
TEST_F(FuseUnionTest, ReadsTheMarksOfOthers) {
  for (const char* file : {"a", "b", "d/x", "d/y", "e/x", "top"}) {
    Write(absl::StrCat("low/", file), file);
  }
  Write("middle/.wh.a", "");
  Write("middle/d/.wh.x", "");
  Write("upper/e/z", "z");
  ASSERT_EQ(
      setxattr(Path("upper/e").c_str(), "trusted.overlay.opaque", "y", 1, 0),
      0);
  Write("upper/d/.wh..wh..opq", "");
  Write("upper/.wh.b", "");
  MountUnion({"low", "middle"}, "upper", "tree");
  std::set<std::string> paths;
  for (const auto& [path, ignored] : DescribeTree(Path("tree"))) {
    paths.insert(path);
  }
  EXPECT_THAT(paths, ElementsAre(".", "d", "e", "e/z", "top"));
  // Such a name is reserved, so no file can be made with it.
  EXPECT_EQ(mkdir(Path("tree/.wh.top").c_str(), 0700), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST_F(FuseUnionTest, FileThatWasDeletedWhileOpen) {
  Write("low/one", "lower");
  Write("low/two", "lower");
  MountUnion({"low"}, "upper", "tree");
  const int one = open(Path("tree/one").c_str(), O_RDONLY);
  const int two = open(Path("tree/two").c_str(), O_RDWR);
  ASSERT_EQ(unlink(Path("tree/one").c_str()), 0);
  ASSERT_EQ(unlink(Path("tree/two").c_str()), 0);
  Write("tree/one", "another");
  char text[10] = {};
  EXPECT_EQ(pread(one, text, sizeof(text), 0), 5);
  EXPECT_STREQ(text, "lower");
  EXPECT_EQ(pwrite(two, "UPPER", 5, 0), 5);
  EXPECT_EQ(fchmod(one, 0600), 0);  // Copies up a file without a name.
  EXPECT_EQ(fsync(two), 0);
  EXPECT_EQ(pread(two, text, sizeof(text), 0), 5);
  EXPECT_STREQ(text, "UPPER");
  struct stat status = {};
  EXPECT_EQ(fstat(two, &status), 0);
  EXPECT_EQ(status.st_nlink, 0);
  EXPECT_EQ(fstat(one, &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600);
  close(one);
  close(two);
  EXPECT_EQ(Read("tree/one"), "another");
}

// A reader that opened the lower file reads on from the copy.
TEST_F(FuseUnionTest, ReaderSeesWhatIsWrittenAfterTheCopyUp) {
  const size_t size = 8 << 20;
  Write("low/file", std::string(size, 'a'));
  MountUnion({"low"}, "upper", "tree");
  const int reader = open(Path("tree/file").c_str(), O_RDONLY);
  const int writer = open(Path("tree/file").c_str(), O_WRONLY);
  ASSERT_EQ(pwrite(writer, "new", 3, size - 3), 3);
  ASSERT_EQ(fsync(writer), 0);
  // Drops the kernel's cache, so that it asks the union.
  ASSERT_EQ(posix_fadvise(reader, 0, 0, POSIX_FADV_DONTNEED), 0);
  char text[4] = {};
  EXPECT_EQ(pread(reader, text, 3, size - 3), 3);
  EXPECT_STREQ(text, "new");
  close(reader);
  close(writer);
}

TEST_F(FuseUnionTest, HolesStayHolesAndBigFilesWhole) {
  Make("low");
  const off_t size = 5LL << 30;
  const int file = open(Path("low/big").c_str(), O_CREAT | O_RDWR, 0644);
  ASSERT_EQ(pwrite(file, "begin", 5, 0), 5);
  ASSERT_EQ(pwrite(file, "end", 3, size - 3), 3);
  close(file);
  MountUnion({"low"}, "upper", "tree");
  ASSERT_EQ(chmod(Path("tree/big").c_str(), 0600), 0);
  EXPECT_EQ(StatOf("upper/big").st_size, size);
  EXPECT_LT(StatOf("upper/big").st_blocks, 1000);
  const int copy = open(Path("tree/big").c_str(), O_RDWR);
  char text[4] = {};
  EXPECT_EQ(pread(copy, text, 3, size - 3), 3);
  EXPECT_STREQ(text, "end");
  EXPECT_EQ(pwrite(copy, "more", 4, size), 4);
  close(copy);
  EXPECT_EQ(StatOf("tree/big").st_size, size + 4);
}

// Read in pieces, while half of its files are removed and others are made: each
// file that stays is listed once.
TEST_F(FuseUnionTest, HugeDirectoryThatChangesWhileItIsRead) {
  constexpr int kFiles = 100'000;
  const std::string low = Make("low/d");
  for (int i = 0; i < kFiles; ++i) {
    close(open(absl::StrCat(low, "/", i).c_str(), O_CREAT | O_WRONLY, 0644));
  }
  MountUnion({"low"}, "upper", "tree");
  DIR* const stream = opendir(Path("tree/d").c_str());
  std::map<std::string, int> seen;
  for (int i = 0; const dirent* entry = readdir(stream); ++i) {
    ++seen[entry->d_name];
    if (i % 1000 == 0) {
      const int gone = kFiles - 1 - i / 2;
      unlink(Path(absl::StrCat("tree/d/", gone)).c_str());
      Write(absl::StrCat("tree/d/new", i), "");
    }
  }
  closedir(stream);
  for (int i = 0; i < kFiles / 2; ++i) {
    ASSERT_EQ(seen[absl::StrCat(i)], 1) << i;
  }
  for (const auto& [name, times] : seen) {
    ASSERT_EQ(times, 1) << name;
  }
  EXPECT_EQ(ListDirectory(Path("tree/d")).entries.size(), kFiles);
}

TEST_F(FuseUnionTest, TwoHundredProcessesAtOnce) {
  for (int i = 0; i < 20; ++i) {
    Write(absl::StrCat("low/d/", i), std::string(10'000, 'x'));
  }
  MountUnion({"low"}, "upper", "tree");
  // All append to the same files; each is copied up once.
  const Result result = RunOnHost(absl::StrCat(
      "cd ", Path("tree/d"),
      " && for i in $(seq 200); do (mkdir -p $(seq -f m/%g 0 19);"
      " for f in $(seq 0 19); do echo $i >> $f; : > m/$f/$i; done) & done;"
      " wait; ls m/* | grep -c . ;"
      " cat * 2>/dev/null | tr -d x | sort -n | uniq -c | sort -u | wc -l;"
      " $RUN -help >/dev/null"));
  // 20 directories with 200 files, a heading each and a line between them.
  EXPECT_EQ(result.out.substr(0, result.out.find('\n')), "4020");
  for (int i = 0; i < 20; ++i) {
    const std::string text = Read(absl::StrCat("tree/d/", i));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 200);
    EXPECT_EQ(std::count(text.begin(), text.end(), 'x'), 10'000);
  }
  EXPECT_EQ(Read("low/d/0"), std::string(10'000, 'x'));
}

// Killed at many moments of copy-ups. Each file is the lower one or the
// complete copy, and the next mount shows no half-finished copy.
TEST_F(FuseUnionTest, KilledWhileCopyingUp) {
  const std::string content(3 << 20, 'c');
  for (int i = 0; i < 20; ++i) {
    Write(absl::StrCat("low/", i), content);
    ASSERT_EQ(setxattr(Path(absl::StrCat("low/", i)).c_str(), "user.x", "value",
                       5, 0),
              0);
  }
  const Tree lower = DescribeTree(Make("low"));
  for (int round = 0; round < 10; ++round) {
    Process program({.args = InForeground()});
    ASSERT_TRUE(WaitUntil(IsMounted));
    const pid_t writer = fork();
    if (writer == 0) {
      for (int i = 0; i < 20; ++i) {
        close(open(Path(absl::StrCat("tree/", i)).c_str(), O_RDWR));
      }
      _exit(0);
    }
    // After that many copy-ups, in the middle of the next.
    WaitUntil([&] {
      return ListDirectory(Path("upper")).entries.size() >
                 static_cast<size_t>(round) ||
             waitpid(writer, nullptr, WNOHANG) != 0;
    });
    program.Signal(SIGKILL);
    program.Wait();
    waitpid(writer, nullptr, 0);
    struct stat status = {};
    // The kernel could still answer for names that it has cached.
    EXPECT_EQ(lstat(Path("tree/unseen").c_str(), &status), -1);
    EXPECT_EQ(errno, ENOTCONN);
    ASSERT_EQ(umount2(Path("tree").c_str(), 0), 0);
    MountUnion({"low"}, "upper", "tree");
    EXPECT_THAT(ListDirectory(Path("upper.union-work")).entries, IsEmpty());
    Tree seen = DescribeTree(Path("tree"));
    seen["."] = lower.at(".");
    EXPECT_THAT(Differences(lower, seen), IsEmpty());
    Unmount("tree");
  }
}

// Without space the copy-up fails, the file stays as it is, and the unfinished
// copy is removed.
TEST_F(FuseUnionTest, NoSpaceForTheCopy) {
  Write("low/big", std::string(4 << 20, 'b'));
  Write("low/small", "s");
  Make("small");
  ASSERT_EQ(mount("tmpfs", Path("small").c_str(), "tmpfs", 0, "size=1m"), 0);
  MountUnion({"low"}, "small/upper", "tree");
  EXPECT_EQ(open(Path("tree/big").c_str(), O_RDWR), -1);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_EQ(Read("tree/big").size(), 4 << 20);
  EXPECT_THAT(ListDirectory(Path("small/upper.union-work")).entries, IsEmpty());
  EXPECT_EQ(chmod(Path("tree/small").c_str(), 0600), 0);
  // The truncated part need not be copied.
  EXPECT_EQ(truncate(Path("tree/big").c_str(), 10), 0);
  EXPECT_EQ(Read("tree/big"), std::string(10, 'b'));
  Unmount("tree");
  ASSERT_EQ(umount(Path("small").c_str()), 0);
}

// Nobody should change a layer in use, but the union must survive it.
TEST_F(FuseUnionTest, LayerThatChangesUnderneath) {
  Write("low/file", "old");
  Write("low/gone", "old");
  Write("low/d/x", "old");
  MountUnion({"low"}, "upper", "tree");
  EXPECT_EQ(Read("tree/file"), "old");
  EXPECT_EQ(Read("tree/gone"), "old");
  EXPECT_EQ(Read("tree/d/x"), "old");
  Write("low/file", "longer and new");
  fs::remove(Path("low/gone"));
  fs::remove_all(Path("low/d"));
  Write("low/d", "a file now");
  const int file = open(Path("tree/file").c_str(), O_RDONLY);
  char text[20] = {};
  EXPECT_GT(read(file, text, sizeof(text)), 0);
  EXPECT_EQ(std::string(text).substr(0, 3), "lon");
  close(file);
  EXPECT_EQ(open(Path("tree/gone").c_str(), O_RDONLY), -1);
  EXPECT_EQ(open(Path("tree/d/x").c_str(), O_RDONLY), -1);
  Write("tree/after", "still here");
  EXPECT_EQ(Read("upper/after"), "still here");
}

TEST_F(FuseUnionTest, RefusesFilesWithoutANameCleanly) {
  MountUnion({"low"}, "upper", "tree");
  EXPECT_EQ(open(Path("tree").c_str(), O_TMPFILE | O_RDWR, 0600), -1);
  EXPECT_EQ(errno, EOPNOTSUPP);
}

// On SIGTERM it unmounts first.
TEST_F(FuseUnionTest, EndsWhenAskedTo) {
  Process program({.args = InForeground()});
  ASSERT_TRUE(WaitUntil(IsMounted));
  Write("tree/file", "text");
  program.Signal(SIGTERM);
  EXPECT_THAT(program.Wait(), Prints(""));
  EXPECT_FALSE(fs::exists(Path("upper.union-work")));
  EXPECT_EQ(Read("upper/file"), "text");
}

// A file size limit that the union inherits must not limit its users.
TEST_F(FuseUnionTest, CallersLimitOnFileSizesIsNotEverybodys) {
  std::vector<std::string> words = InForeground();
  Process program({.args = words, .before_exec = [] {
                     rlimit limit = {};
                     getrlimit(RLIMIT_FSIZE, &limit);
                     limit.rlim_cur = 1 << 20;
                     return setrlimit(RLIMIT_FSIZE, &limit) == 0;
                   }});
  ASSERT_TRUE(WaitUntil(IsMounted));
  Write("tree/file", "");
  EXPECT_EQ(truncate(Path("tree/file").c_str(), 5 << 20), 0);
  EXPECT_EQ(StatOf("tree/file").st_size, 5 << 20);
  program.Signal(SIGTERM);
  EXPECT_THAT(program.Wait(), ExitsWith(0));
}

// A limit on processes also limits threads. If the union cannot start another
// thread, requests wait until one is free.
TEST_F(FuseUnionTest, GoesOnWhereItGetsNoThread) {
  SKIP_IF(WhyNoTool("fusermount3"));
  constexpr uid_t kNobody = 65534;
  GiveFuseToAll();
  Write("home/low/file", "one\n");
  Make("home/upper");
  Make("home/tree");
  for (const char* name :
       {"home", "home/low", "home/low/file", "home/upper", "home/tree"}) {
    ASSERT_EQ(chown(Path(name).c_str(), kNobody, kNobody), 0);
  }
  std::vector<std::string> words =
      Words({"home/low"}, "home/upper", "home/tree");
  words.insert(words.begin(), "-f");
  Process program({.args = words, .uid = kNobody});
  ASSERT_TRUE(WaitUntil([] {
    return ReadFile("/proc/self/mountinfo").find(Path("home/tree")) !=
           std::string::npos;
  }));
  EXPECT_THAT(
      Execute({.args = {"-c",
                        absl::StrCat(
                            "set -e; cd ", Path("home"),
                            "; limit='prlimit --pid ", program.pid(),
                            " --nproc'; "
                            "hard=$($limit -o HARD --noheadings | tr -d ' '); "
                            "$limit=1:; echo two >> tree/file; cat tree/file; "
                            "$limit=$hard:; fusermount3 -u tree")},
               .program = "sh",
               .uid = kNobody}),
      Prints("one\ntwo\n"));
  EXPECT_THAT(program.Wait(), ExitsWith(0));
}

// A user's own union, by fusermount3: everything belongs to the user, nothing
// needs root, and reading a directory without permission is refused.
TEST_F(FuseUnionTest, OrdinaryUserWithoutRoot) {
  SKIP_IF(WhyNoTool("fusermount3"));
  constexpr uid_t kNobody = 65534;  // fusermount3 needs a user with a name.
  GiveFuseToAll();
  Write("low/d/x", "lower");
  Write("low/gone", "lower");
  ASSERT_EQ(chmod(Path("low/d").c_str(), 0755), 0);
  for (const char* name : {"low", "low/d", "low/d/x", "low/gone"}) {
    ASSERT_EQ(chown(Path(name).c_str(), kNobody, kNobody), 0);
  }
  Make("low/secret");
  ASSERT_EQ(chmod(Path("low/secret").c_str(), 0700), 0);
  const std::string home = Make("home");
  ASSERT_EQ(chown(home.c_str(), kNobody, kNobody), 0);
  const Result result = Execute(
      {.args = {"-c",
                absl::StrCat(
                    "cd ", home, " && mkdir upper tree && $RUN -lower ",
                    Path("low"),
                    " -upper upper tree && cd tree && echo more >> d/x && "
                    "rm gone && mkdir n && mv d/x n/x && cat n/x && ls && "
                    "ls secret 2>&1; cd .. && stat -c '%U %n' upper/n/x && "
                    "fusermount3 -u tree && ls tree")},
       .program = "sh",
       .uid = kNobody});
  EXPECT_THAT(result, Prints(absl::StrCat(
                          "lowermore\nd\nn\nsecret\nls: cannot open directory "
                          "'secret': Permission denied\nnobody upper/n/x\n")));
  EXPECT_EQ(Read("low/d/x"), "lower");
  EXPECT_TRUE(
      WaitUntil([&] { return !fs::exists(home + "/upper.union-work"); }));
}

// A container of chapter 9 has the union as its root: it changes, deletes and
// renames files. The layers stay as they are, and overlayfs shows the same
// result.
TEST_F(FuseUnionTest, ContainerOnIt) {
  SKIP_IF(WhyNoTool("busybox"));
  MakeRootfs("base");
  Write("base/etc/changed", "old\n");
  Write("base/etc/deleted", "old\n");
  Write("base/etc/renamed", "old\n");
  const Tree before = DescribeTree(Path("base"));
  MountUnion({"base", "more"}, "upper", "tree");
  const std::string chapter9 = fs::absolute("build/chapters/09-rootfs/run");
  EXPECT_THAT(
      Execute({.args = {"run", "-rootfs", Path("tree"), "sh", "-c",
                        "cd /etc && echo new >> changed && rm deleted && "
                        "mv renamed name && mkdir -p d/e && ls && cat changed"},
               .program = chapter9}),
      Prints("changed\nd\nname\nold\nnew\n"));
  const Tree shown = DescribeTree(Path("tree"));
  Unmount("tree");
  EXPECT_THAT(Differences(before, DescribeTree(Path("base"))), IsEmpty());
  MountOverlay({"base", "more"}, "upper", "overlay");
  EXPECT_THAT(Differences(shown, DescribeTree(Path("overlay"))), IsEmpty());
}

}  // namespace
}  // namespace blackbox
