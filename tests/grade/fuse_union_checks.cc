// Chapter 11: a union file system of one's own.
//
// A check mounts the union over directories that it has filled, and reads or
// changes it with the host's shell. Whatever happens, the union is unmounted,
// and its process is ended.

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tests/grade/grade.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

std::string WhyNoFuse() { return WhyNoKernelFeature("FUSE", "/dev/fuse"); }

std::string Path(const std::string& name) {
  return absl::StrCat(TestDirectory(), "/", name);
}

// Writes a file there, and makes its parent directories.
void Write(const std::string& name, const std::string& content) {
  fs::create_directories(fs::path(Path(name)).parent_path());
  std::ofstream(Path(name), std::ios::binary) << content;
}

void WriteWhiteout(const std::string& name) {
  fs::create_directories(fs::path(Path(name)).parent_path());
  ASSERT_EQ(mknod(Path(name).c_str(), S_IFCHR, makedev(0, 0)), 0);
}

void MakeOpaque(const std::string& name) {
  fs::create_directories(Path(name));
  ASSERT_EQ(setxattr(Path(name).c_str(), "trusted.overlay.opaque", "y", 1, 0),
            0);
}

// Runs `script` in the test's directory, and returns what it prints on both
// streams, without the final newlines.
std::string OnHost(const std::string& script) {
  const Answer answer = Try(Invocation{.args = {"-c", "exec 2>&1\n" + script},
                                       .program = "sh",
                                       .directory = TestDirectory()});
  std::string output = answer.ended ? answer.out : "(no answer)";
  while (!output.empty() && output.back() == '\n') {
    output.pop_back();
  }
  return output;
}

// Returns whether all processes that programs have left in the background have
// ended. They are our children by now.
bool NobodyIsLeft() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  return DescendantsOf(getpid()).empty();
}

// The union of these directories, the lowest first, on "tree". Its upper
// directory is "upper", unless it is kReadOnly.
class Union {
 public:
  enum Kind { kWithUpper, kReadOnly };

  explicit Union(const Words& lower, Kind kind = kWithUpper) : kind_(kind) {
    for (const std::string& layer : lower) {
      fs::create_directories(Path(layer));
      words_.insert(words_.end(), {"-lower", layer});
    }
    fs::create_directories(Path("tree"));
    if (kind == kWithUpper) {
      fs::create_directories(Path("upper"));
      words_.insert(words_.end(), {"-upper", "upper"});
    }
    words_.emplace_back("tree");
    Mount();
  }
  Union(const Union&) = delete;
  Union& operator=(const Union&) = delete;
  ~Union() { Unmount(); }

  // With flags of an exercise.
  Union(const Words& flags, const Words& lower) {
    for (const std::string& layer : lower) {
      words_.insert(words_.end(), {"-lower", layer});
    }
    words_.insert(words_.end(), flags.begin(), flags.end());
    fs::create_directories(Path("tree"));
    fs::create_directories(Path("upper"));
    words_.insert(words_.end(), {"-upper", "upper", "tree"});
    Mount();
  }

  // Whether the union could be mounted. If not, further questions are
  // pointless.
  bool IsThere() const { return there_; }

  // Runs `script`, which must print `expected`. Complains if it does not, and
  // returns whether it did.
  bool Expect(const std::string& script, const std::string& expected) {
    if (!there_) {
      return false;
    }
    const std::string came = OnHost(script);
    absl::StrAppend(&ran_, "\nhost$ ", script);
    if (came != expected) {
      Complain(ran_, expected.empty() ? "no output" : expected,
               came.empty() ? "no output" : came);
    }
    return came == expected;
  }

  void Mount() {
    Invocation invocation{.args = words_, .directory = TestDirectory()};
    const Answer answer = Try(invocation);
    ran_ = answer.ran;
    there_ = answer.Status() == 0 && answer.ended && IsMounted();
    if (!there_) {
      answer.Expect(false, "exit status 0, and a file system on tree");
    }
  }

  static bool IsMounted() {
    const std::vector<std::string> points = MountPointsOf(getpid());
    return std::count(points.begin(), points.end(), Path("tree")) > 0;
  }

  // Returns whether its process ended, too.
  bool Unmount() {
    if (IsMounted() && umount2(Path("tree").c_str(), 0) != 0) {
      umount2(Path("tree").c_str(), MNT_DETACH);
    }
    const bool ended = WaitUntil(NobodyIsLeft);
    Kill();
    return ended;
  }

  static void Kill() {
    for (const pid_t pid : DescendantsOf(getpid())) {
      kill(pid, SIGKILL);
    }
    WaitUntil(NobodyIsLeft);
  }

  bool MountAgain() {
    Unmount();
    if (there_) {
      const std::string before = ran_;
      Mount();
      ran_ = absl::StrCat(before, "\nhost$ umount tree; ", ran_);
    }
    return there_;
  }

  const std::string& ran() const { return ran_; }

 private:
  Kind kind_ = kWithUpper;
  Words words_;
  std::string ran_;
  bool there_ = false;
};

// A python3 script in single quotes.
std::string Python(const std::string& script) {
  return absl::StrCat("python3 -c '", script, "'");
}

// The kernel's overlayfs, on the "upper" that the union has left.
std::string OverlayThen(const std::string& script) {
  return absl::StrCat(
      "mkdir -p work merged && mount -t overlay -o lowerdir=low,upperdir=upper,"
      "workdir=work overlay merged && { ",
      script, "; umount merged; }");
}

TEST_F(Grade, UnionShowsAllLayers) {
  SKIP_IF(WhyNoFuse());
  Write("low/one", "1\n");
  Write("mid/dir/two", "2\n");
  Write("high/dir/three", "3\n");
  Union tree({"low", "mid", "high"}, Union::kReadOnly);
  tree.Expect("ls tree tree/dir && cat tree/one tree/dir/two tree/dir/three",
              "tree:\ndir\none\n\ntree/dir:\nthree\ntwo\n1\n2\n3");
}

TEST_F(Grade, UnionsHighestLayerWins) {
  SKIP_IF(WhyNoFuse());
  const std::string word = RandomName();
  Write("low/which", "low");
  Write("high/which", word);
  Write("low/kind/inside", "");
  Write("high/kind", "a file hides a directory");
  Union tree({"low", "high"});
  tree.Expect("cat tree/which; ls tree; cat tree/kind",
              word + "kind\nwhich\na file hides a directory");
}

TEST_F(Grade, UnionWithoutUpperIsReadOnly) {
  SKIP_IF(WhyNoFuse());
  Write("low/file", "as it was\n");
  Union tree({"low"}, Union::kReadOnly);
  tree.Expect(
      Python("\nimport errno, os"
             "\nfor act in ((os.mkdir, \"tree/new\"), (os.unlink, "
             "\"tree/file\"), (os.chmod, \"tree/file\", 0o600), (os.open, "
             "\"tree/file\", os.O_RDWR)):"
             "\n  try: act[0](*act[1:]); print(\"done\")"
             "\n  except OSError as error: print(errno.errorcode[error.errno])"
             "\n"),
      "EROFS\nEROFS\nEROFS\nEROFS");
}

TEST_F(Grade, UnionShowsNoWhiteouts) {
  SKIP_IF(WhyNoFuse());
  Write("low/gone", "");
  Write("low/kept", "");
  WriteWhiteout("mid/gone");
  WriteWhiteout("mid/never-was");
  Write("high/other", "");
  Union tree({"low", "mid", "high"}, Union::kReadOnly);
  tree.Expect("ls tree; stat tree/gone tree/never-was >/dev/null 2>&1; echo $?",
              "kept\nother\n1");
}

TEST_F(Grade, UnionsOpaqueDirectoriesHide) {
  SKIP_IF(WhyNoFuse());
  Write("low/dir/below", "");
  Write("mid/dir/middle", "");
  Write("high/dir/above", "");
  MakeOpaque("mid/dir");
  Union tree({"low", "mid", "high"}, Union::kReadOnly);
  tree.Expect("ls tree/dir; cat tree/dir/below 2>/dev/null || echo hidden",
              "above\nmiddle\nhidden");
}

TEST_F(Grade, UnionReadsTheOtherMarks) {
  SKIP_IF(WhyNoFuse());
  Write("low/gone", "");
  Write("low/kept", "");
  Write("low/dir/below", "");
  Write("high/.wh.gone", "");
  Write("high/dir/.wh..wh..opq", "");
  Write("high/dir/above", "");
  Union tree({"low", "high"}, Union::kReadOnly);
  tree.Expect("ls -A tree tree/dir; cat tree/gone 2>/dev/null || echo hidden",
              "tree:\ndir\nkept\n\ntree/dir:\nabove\nhidden");
}

TEST_F(Grade, UnionChangesGoToUpper) {
  SKIP_IF(WhyNoFuse());
  const std::string word = RandomName();
  Write("low/dir/file", "before\n");
  Write("low/file", "before\n");
  Union tree({"low"});
  if (tree.Expect(
          absl::StrCat("echo ", word,
                       " >>tree/dir/file; echo new >tree/new; "
                       "chmod 600 tree/file; cat tree/dir/file tree/new"),
          absl::StrCat("before\n", word, "\nnew")) &&
      tree.Expect("cat low/dir/file; ls low; stat -c %a low/file",
                  "before\ndir\nfile\n644") &&
      tree.MountAgain()) {
    tree.Expect("cat upper/dir/file tree/new; stat -c %a tree/file",
                absl::StrCat("before\n", word, "\nnew\n600"));
  }
}

TEST_F(Grade, UnionReadingCopiesNothing) {
  SKIP_IF(WhyNoFuse());
  Write("low/dir/file", "before\n");
  Union tree({"low"});
  tree.Expect("cat tree/dir/file; ls -lR tree >/dev/null; find upper",
              "before\nupper");
}

TEST_F(Grade, CopyUpKeepsAttributes) {
  SKIP_IF(WhyNoFuse());
  Write("low/file", "x");
  Write("low/program", "x");
  OnHost(
      "chown 1234:5678 low/file && chmod 2750 low/file && "
      "touch -d '2001-02-03 04:05:06.789' low/file && chmod 4755 low/program");
  Union tree({"low"});
  // An access control list is an attribute that the kernel itself reads.
  ASSERT_EQ(setxattr(Path("low/file").c_str(), "trusted.word", "kept", 4, 0),
            0);
  const std::string look =
      "stat -c '%a %u:%g %y' tree/file; stat -c %a tree/program";
  const std::string before = OnHost(look);
  if (tree.Expect(": <>tree/file; touch -a tree/program; " + look, before) &&
      tree.MountAgain()) {
    tree.Expect(look + "; " +
                    Python("import os; print(os.getxattr(\"upper/file\", "
                           "\"trusted.word\").decode())"),
                before + "\nkept");
  }
}

TEST_F(Grade, CopyUpKeepsHoles) {
  SKIP_IF(WhyNoFuse());
  OnHost("mkdir low && truncate -s 64M low/file && echo end >>low/file");
  Union tree({"low"});
  tree.Expect(
      "echo more >>tree/file; tail -n 2 tree/file | tr -d '\\0'; "
      "stat -c %s upper/file; test $(du -k upper/file | cut -f1) -lt 1000 || "
      "echo no holes",
      "end\nmore\n67108873");
}

// Any process that sees the copy sees all of it, from the first moment.
TEST_F(Grade, CopyUpIsAtomic) {
  SKIP_IF(WhyNoFuse());
  OnHost(
      "mkdir low && head -c 48M /dev/urandom >low/file && "
      "printf end >>low/file && chmod 640 low/file");
  Union tree({"low"});
  tree.Expect(
      Python("\nimport os, threading"
             "\ndone = []"
             "\ndef change():"
             "\n  os.close(os.open(\"tree/file\", os.O_RDWR))"
             "\n  done.append(1)"
             "\nthread = threading.Thread(target=change)"
             "\nthread.start()"
             "\nwhile not os.path.exists(\"upper/file\") and not done: pass"
             "\nfd = os.open(\"upper/file\", os.O_RDONLY)"
             "\nseen = os.fstat(fd)"
             "\nend = os.pread(fd, 3, 48 << 20).decode()"
             "\nprint(seen.st_size, oct(seen.st_mode & 0o777), end)"
             "\nthread.join()"
             "\n"),
      absl::StrCat((48 << 20) + 3, " 0o640 end"));
}

// Killed as soon as any part of the copy exists.
TEST_F(Grade, KilledCopyUpLeavesNothing) {
  SKIP_IF(WhyNoFuse());
  OnHost("mkdir low && head -c 48M /dev/urandom >low/file");
  Union tree({"low"});
  if (!tree.IsThere()) {
    return;
  }
  ForgiveWhatStays();
  const Words pids = [] {
    Words words;
    for (const pid_t pid : DescendantsOf(getpid())) {
      words.push_back(absl::StrCat(pid));
    }
    return words;
  }();
  OnHost(Python(absl::StrCat(
      "\nimport os, signal, threading"
      "\ndef change():"
      "\n  try: os.close(os.open(\"tree/file\", os.O_RDWR))"
      "\n  except OSError: pass"
      "\nthread = threading.Thread(target=change)"
      "\nthread.start()"
      "\ndef begun():"
      "\n  for top, folders, files in os.walk(\".\"):"
      "\n    folders[:] = set(folders) - {\"low\", \"tree\"}"
      "\n    for name in files:"
      "\n      try:"
      "\n        if os.lstat(os.path.join(top, name)).st_size: return True"
      "\n      except OSError: pass"
      "\n  return not thread.is_alive()"
      "\nwhile not begun(): pass"
      "\nfor pid in [",
      absl::StrJoin(pids, ","),
      "]: os.kill(pid, signal.SIGKILL)"
      "\nthread.join()"
      "\n")));
  if (tree.MountAgain()) {
    tree.Expect(
        "cmp tree/file low/file; test ! -e upper/file || "
        "cmp upper/file low/file",
        "");
    tree.Unmount();
    tree.Expect(
        "find . -type f -size +0 | grep -Ev '^./(low|upper)/file$'; "
        "find upper -mindepth 1 ! -name file",
        "");
  }
}

TEST_F(Grade, UnionsDeletedFilesAreWhiteouts) {
  SKIP_IF(WhyNoFuse());
  Write("low/dir/gone", "");
  Write("low/both", "");
  Union tree({"low"});
  tree.Expect(
      "rm tree/dir/gone; echo x >>tree/both; rm tree/both; ls -A tree/dir; "
      "ls tree; stat -c '%F %t,%T' upper/dir/gone upper/both",
      "dir\ncharacter special file 0,0\ncharacter special file 0,0");
}

TEST_F(Grade, UnionsDeletedFilesStayDeleted) {
  SKIP_IF(WhyNoFuse());
  Write("low/gone", "");
  Write("low/dir/inside", "");
  Union tree({"low"});
  if (tree.Expect("rm tree/gone; rm -r tree/dir; ls -A tree", "") &&
      tree.MountAgain()) {
    tree.Expect("ls -A tree; cat tree/gone 2>/dev/null || echo gone", "gone");
  }
}

TEST_F(Grade, UnionMakesNoWhiteoutOfNothing) {
  SKIP_IF(WhyNoFuse());
  Write("low/other", "");
  Union tree({"low"});
  tree.Expect(
      "echo x >tree/new; rm tree/new; mkdir tree/dir; rmdir tree/dir; "
      "find upper",
      "upper");
}

TEST_F(Grade, UnionsNewFileReplacesAWhiteout) {
  SKIP_IF(WhyNoFuse());
  Write("low/file", "old");
  Union tree({"low"});
  if (tree.Expect("rm tree/file; echo new >tree/file; cat tree/file", "new") &&
      tree.MountAgain()) {
    tree.Expect("cat tree/file; stat -c %F upper/file", "new\nregular file");
  }
}

TEST_F(Grade, UnionsNewDirectoryIsOpaque) {
  SKIP_IF(WhyNoFuse());
  Write("low/dir/old", "");
  Union tree({"low"});
  if (tree.Expect("rm -r tree/dir; mkdir tree/dir; touch tree/dir/new; "
                  "ls tree/dir",
                  "new") &&
      tree.MountAgain()) {
    tree.Expect("ls tree/dir", "new");
  }
}

TEST_F(Grade, UnionsRenameLeavesAWhiteout) {
  SKIP_IF(WhyNoFuse());
  const std::string word = RandomName();
  Write("low/from/old", word);
  Write("low/to/other", "");
  Union tree({"low"});
  if (tree.Expect("mv tree/from/old tree/to/new; ls tree/from tree/to; "
                  "cat tree/to/new",
                  absl::StrCat("tree/from:\n\ntree/to:\nnew\nother\n", word)) &&
      tree.MountAgain()) {
    tree.Expect("ls tree/from; cat tree/to/new low/from/old",
                absl::StrCat(word, word));
  }
}

// With EXDEV, after which mv copies itself, or with a rename: both are right.
TEST_F(Grade, UnionsDirectoriesCanBeMoved) {
  SKIP_IF(WhyNoFuse());
  const std::string word = RandomName();
  Write("low/dir/sub/file", word);
  Union tree({"low"});
  if (tree.Expect("mv tree/dir tree/moved; find tree | sort",
                  "tree\ntree/moved\ntree/moved/sub\ntree/moved/sub/file") &&
      tree.MountAgain()) {
    tree.Expect("ls tree; cat tree/moved/sub/file", "moved\n" + word);
  }
}

TEST_F(Grade, UnionKnowsRenamesFlags) {
  SKIP_IF(WhyNoFuse());
  Write("low/a", "a");
  Write("low/b", "b");
  Union tree({"low"});
  const bool asked = tree.Expect(
      Python("\nimport ctypes, errno"
             "\nlibc = ctypes.CDLL(None, use_errno=True)"
             "\nfor flags in 1, 2:"
             "\n  done = libc.renameat2(-100, b\"tree/a\", -100, b\"tree/b\", "
             "flags)"
             "\n  print(\"done\" if done == 0 else "
             "errno.errorcode[ctypes.get_errno()])"
             "\n"),
      "EEXIST\ndone");
  // Mounted anew, because the kernel caches the union's answers.
  if (asked && tree.MountAgain()) {
    tree.Expect("cat tree/a tree/b", "ba");
  }
}

TEST_F(Grade, UnionsHardLinksAreOneFile) {
  SKIP_IF(WhyNoFuse());
  Write("low/a", "one\n");
  Union tree({"low"});
  if (tree.Expect("ln tree/a tree/b; echo two >>tree/b; cat tree/a; "
                  "stat -c %h tree/a",
                  "one\ntwo\n2") &&
      tree.MountAgain()) {
    tree.Expect("cat tree/b; test tree/a -ef tree/b && echo same",
                "one\ntwo\nsame");
  }
}

TEST_F(Grade, UnionsDeletedFileLivesWhileOpen) {
  SKIP_IF(WhyNoFuse());
  Write("low/read", "still here\n");
  Write("low/changed", "and here\n");
  Union tree({"low"});
  tree.Expect(
      "exec 3<tree/read 4<>tree/changed; rm tree/read tree/changed; "
      "cat <&3; cat <&4; echo more >&4; ls tree",
      "still here\nand here");
}

TEST_F(Grade, UnionsListingSurvivesChanges) {
  SKIP_IF(WhyNoFuse());
  OnHost("mkdir -p low/dir && cd low/dir && seq -f %04g 3000 | xargs touch");
  Union tree({"low"});
  tree.Expect(Python("\nimport collections, os"
                     "\nseen, gone = collections.Counter(), set()"
                     "\nwith os.scandir(\"tree/dir\") as entries:"
                     "\n  for number, entry in enumerate(entries):"
                     "\n    seen[entry.name] += 1"
                     "\n    if number % 3 == 0:"
                     "\n      os.unlink(entry.path)"
                     "\n      gone.add(entry.name)"
                     "\nkept = {\"%04d\" % n for n in range(1, 3001)} - gone"
                     "\nprint(len(kept - seen.keys()), max(seen.values()))"
                     "\nprint(set(os.listdir(\"tree/dir\")) == kept)"
                     "\n"),
              "0 1\nTrue");
}

TEST_F(Grade, UnionsInodeNumbersStay) {
  SKIP_IF(WhyNoFuse());
  for (const char* name : {"a", "b", "c"}) {
    Write(absl::StrCat("low/", name), "");
    Write(absl::StrCat("high/dir/", name), "");
  }
  Union tree({"low", "high"});
  tree.Expect(
      Python("\nimport os"
             "\npaths = [\"tree/\" + n for n in \"abc\"] + [\"tree/dir/\" + n "
             "for n in \"abc\"]"
             "\nbefore = [os.stat(path).st_ino for path in paths]"
             "\nlisted = {e.path: e.inode() for d in (\"tree\", \"tree/dir\") "
             "for e in os.scandir(d)}"
             "\nfor path in paths: os.chmod(path, 0o600)"
             "\nprint(len(set(before)), [listed[p] for p in paths] == before, "
             "[os.stat(path).st_ino for path in paths] == before)"
             "\n"),
      "6 True True");
}

TEST_F(Grade, UnionKeepsUsersApart) {
  SKIP_IF(WhyNoFuse());
  Write("low/secret", "not yours");
  Write("low/public/theirs", "");
  OnHost(
      "chmod 600 low/secret; chown 1234 low/public; chmod 755 low low/public");
  Union tree({"low"});
  const std::string user = "setpriv --reuid=1234 --regid=1234 --clear-groups ";
  tree.Expect(
      absl::StrCat(user, "cat tree/secret >/dev/null 2>&1 || echo refused; ",
                   user, "touch tree/new 2>/dev/null || echo refused; ", user,
                   "touch tree/public/new; stat -c %u:%g tree/public/new"),
      "refused\nrefused\n1234:1234");
}

TEST_F(Grade, OverlayfsReadsTheUnionsUpper) {
  SKIP_IF(WhyNoFuse());
  Write("low/gone", "");
  Write("low/changed", "old\n");
  Write("low/dir/old", "");
  Union tree({"low"});
  if (tree.Expect("rm tree/gone; echo new >>tree/changed; rm -r tree/dir; "
                  "mkdir tree/dir; touch tree/dir/new; ls tree",
                  "changed\ndir")) {
    tree.Unmount();
    tree.Expect(OverlayThen("ls merged merged/dir; cat merged/changed"),
                "merged:\nchanged\ndir\n\nmerged/dir:\nnew\nold\nnew");
  }
}

TEST_F(Grade, UnionReadsOverlayfssUpper) {
  SKIP_IF(WhyNoFuse());
  Write("low/gone", "");
  Write("low/changed", "old\n");
  Write("low/dir/old", "");
  fs::create_directories(Path("upper"));
  OnHost(
      OverlayThen("rm merged/gone; echo new >>merged/changed; "
                  "rm -r merged/dir; mkdir merged/dir; touch merged/dir/new"));
  Union tree({"low"});
  tree.Expect("ls tree tree/dir; cat tree/changed",
              "tree:\nchanged\ndir\n\ntree/dir:\nnew\nold\nnew");
}

TEST_F(Grade, UnmountEndsTheUnion) {
  SKIP_IF(WhyNoFuse());
  Write("low/file", "");
  Union tree({"low"});
  if (tree.IsThere() && !tree.Unmount()) {
    Complain(tree.ran() + "\nhost$ umount tree",
             "the program's process ends, too", "it is still there");
  }
}

TEST_F(Grade, UnionsBadLayersAreRefused) {
  SKIP_IF(WhyNoFuse());
  Write("file", "");
  for (const char* name : {"low", "upper", "tree"}) {
    fs::create_directories(Path(name));
  }
  for (const Words& words : {Words{"tree"}, Words{"-lower", "missing", "tree"},
                             Words{"-lower", "file", "tree"},
                             Words{"-lower", "low", "-lower", "low", "tree"},
                             Words{"-lower", "low", "-upper", "low", "tree"},
                             Words{"-lower", "low", "missing"}}) {
    const Answer answer =
        Try(Invocation{.args = words, .directory = TestDirectory()});
    const bool mounted = Union::IsMounted();
    if (mounted) {
      umount2(Path("tree").c_str(), MNT_DETACH);
      Union::Kill();
    }
    if (!answer.Expect(
            answer.Status() == 125 && !answer.err.empty() && !mounted,
            "exit status 125, nothing mounted\nerrors: a message")) {
      return;
    }
  }
}

// Exercise: counting copy-ups.

TEST_F(Grade, CopyUpsAreCounted) {
  SKIP_IF(WhyNoFuse());
  const int size = RandomNumber(1000, 9000);
  for (const char* name : {"appended", "chmodded", "truncated", "read"}) {
    Write(absl::StrCat("low/", name), std::string(size, 'x'));
  }
  Union tree({"-count", "count"}, {"low"});
  if (tree.Expect("echo more >>tree/appended; chmod 600 tree/chmodded; "
                  "echo new >tree/truncated; cat tree/read >/dev/null; "
                  "echo new >tree/new; echo again >>tree/appended",
                  "")) {
    tree.Unmount();
    tree.Expect("cat count", absl::StrCat("3 files, ", 2 * size, " B"));
  }
}

TEST_F(Grade, DirectoriesAreNotCounted) {
  SKIP_IF(WhyNoFuse());
  Write("low/dir/sub/file", "12345");
  Union tree({"-count", "count"}, {"low"});
  if (tree.Expect("chmod 600 tree/dir/sub/file; rm tree/dir/sub/file", "")) {
    tree.Unmount();
    tree.Expect("cat count", "1 files, 5 B");
  }
}

// Exercise: a policy.

TEST_F(Grade, LargeFilesAreNotCopiedUp) {
  SKIP_IF(WhyNoFuse());
  Write("low/large", std::string(5000, 'x'));
  Write("low/small", std::string(4000, 'x'));
  Union tree({"-most", "4000"}, {"low"});
  tree.Expect(
      "echo x 2>&1 >>tree/large | grep -o 'File too large'; "
      "echo x >>tree/small; find upper -type f",
      "File too large\nupper/small");
}

TEST_F(Grade, LargeFilesCanBeReplaced) {
  SKIP_IF(WhyNoFuse());
  Write("low/large", std::string(5000, 'x'));
  Write("low/other", std::string(5000, 'x'));
  Union tree({"-most", "4000"}, {"low"});
  tree.Expect("echo new >tree/large; cat tree/large; rm tree/other; ls tree",
              "new\nlarge");
}

// Exercise: an archive as a layer.

TEST_F(Grade, ArchiveIsAUnionsLayer) {
  SKIP_IF(WhyNoFuse());
  const std::string word = RandomName();
  Write("low/gone", "");
  Write("low/kept", "");
  Write("low/dir/old", "");
  Write("layer/.wh.gone", "");
  Write("layer/dir/.wh..wh..opq", "");
  Write("layer/dir/new", word);
  OnHost("tar -cf layer.tar -C layer . && sha256sum layer.tar >sum");
  Union tree({}, {"low", "layer.tar"});
  tree.Expect(
      "ls -A tree tree/dir; cat tree/dir/new; echo x >>tree/dir/new; "
      "sha256sum --check --quiet sum",
      "tree:\ndir\nkept\n\ntree/dir:\nnew\n" + word);
}

TEST_F(Grade, ArchiveLeavesNothing) {
  SKIP_IF(WhyNoFuse());
  Write("layer/file", RandomName());
  OnHost("tar -cf layer.tar -C layer . && rm -r layer");
  const std::string look = "ls -A; ls -A \"${TMPDIR:-/tmp}\" /tmp /var/tmp";
  fs::create_directories(Path("tree"));
  fs::create_directories(Path("upper"));
  const std::string before = OnHost(look);
  Union tree({}, {"layer.tar"});
  if (tree.Expect("ls tree", "file")) {
    tree.Unmount();
    tree.Expect(look, before);
  }
}

}  // namespace
}  // namespace blackbox
