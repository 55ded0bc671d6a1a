// Chapter 10, `commit`: changes as an archive in the OCI's format, and archives
// as layers. The tests list an archive's content with tar.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

namespace fs = std::filesystem;

class UnionFsCommitTest : public LayersTest {
 protected:
  static Result Commit(const std::string& name) {
    return Execute({.args = {"commit", Path(name)}});
  }
  // Runs a command on the host in the directory of the layers, and returns its
  // output.
  static std::string OnHost(const std::string& command) {
    const Result result = RunOnHost("cd '" + Path("") + "' && " + command);
    EXPECT_THAT(result, ExitsWith(0)) << result;
    return result.out;
  }
  static std::string ListOf(const std::string& archive) {
    return OnHost("tar --list --file " + archive);
  }
};

TEST_F(UnionFsCommitTest, DeletedFilesHaveMarksBeforeTheirSiblings) {
  Write("base/etc/deleted", "");
  Write("base/home/replaced/old", "");
  EXPECT_THAT(Keep("rm /etc/deleted; echo >/etc/added; rm -r /home/replaced; "
                   "mkdir /home/replaced; echo >/home/replaced/new"),
              Prints(""));
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
  EXPECT_EQ(ListOf("kept.tar"),
            "etc/\netc/.wh.deleted\netc/added\nhome/\nhome/replaced/\n"
            "home/replaced/.wh..wh..opq\nhome/replaced/new\n");
  // The marks are empty files.
  EXPECT_THAT(OnHost("tar -tvf kept.tar etc/.wh.deleted"),
              MatchesRegex("-r.*r.* 0/0 +0 1970-01-01 .*\n"));
}

// Names are bytes, and the caller's environment does not affect a layer.
TEST_F(UnionFsCommitTest, CallersSurroundingsAreNotInTheLayer) {
  Write("base/etc/deleted", "");
  const std::string name = "测试-\xb2\xe2";
  EXPECT_THAT(Keep("rm /etc/deleted; echo x >'/etc/" + name + "'"), Prints(""));
  const std::string first = Commit("kept").out;
  const auto surrounded = [](const std::vector<std::string>& args) {
    return Execute({.args = args, .before_exec = [] {
                      umask(077);
                      const fs::path gone = Path("gone");
                      std::error_code error;
                      return fs::create_directory(gone, error) &&
                             chdir(gone.c_str()) == 0 &&
                             rmdir(gone.c_str()) == 0 &&
                             setenv("LC_ALL", "zh_CN.GBK", 1) == 0 &&
                             setenv("POSIXLY_CORRECT", "1", 1) == 0;
                    }});
  };
  EXPECT_THAT(surrounded({"commit", Path("kept")}), Prints(first));
  EXPECT_THAT(surrounded(RunWords(Flags({"base", "kept.tar"}),
                                  {"sh", "-c", "cd /etc; echo *"})),
              Prints(name + "\n"));
}

// While a folder is swapped with a link all the time, no archive contains the
// link's target.
TEST_F(UnionFsCommitTest, NoFileOfTheHostsIsPacked) {
  Write("hosts/file", "secret");
  Write("kept/folder/file", "packed");
  fs::create_symlink(Path("hosts"), Path("kept/link"));
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  std::thread attacker([&] {
    while (!stop) {
      renameat2(AT_FDCWD, Path("kept/folder").c_str(), AT_FDCWD,
                Path("kept/link").c_str(), RENAME_EXCHANGE);
      ++rounds;
    }
  });
  for (int i = 0; i < 50; ++i) {
    const int before = rounds;
    Commit("kept");
    EXPECT_TRUE(WaitUntil([&] { return rounds > before; }));
    EXPECT_THAT(ReadFile(Path("kept.tar")), Not(HasSubstr("secret")));
  }
  stop = true;
  attacker.join();
}

TEST_F(UnionFsCommitTest, DirectoryWithoutANameOfItsOwn) {
  EXPECT_THAT(Keep("echo x >/etc/file"), Prints(""));
  const std::string line = Commit("kept").out;
  for (const char* name : {".", "./", "etc/..", "../kept/."}) {
    EXPECT_THAT(Execute({.args = {"commit", name}, .directory = Path("kept")}),
                Prints(line))
        << name;
  }
  EXPECT_EQ(Names(Path("kept")), std::set<std::string>{"etc"});
  EXPECT_THAT(Execute({.args = {"commit", "/"}}),
              FailsInOneLine(125, HasSubstr("the host's root")));
  EXPECT_THAT(Execute({.args = {"commit", ""}}),
              FailsInOneLine(125, HasSubstr("commit DIR")));
}

// The name of a file's mark is longer than the file's own name.
TEST_F(UnionFsCommitTest, FileWithALongNameCanBeDeleted) {
  const std::string name(255, 'n');
  Write("base/etc/" + name, "");
  EXPECT_THAT(Keep("rm /etc/*"), Prints(""));
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
  EXPECT_EQ(ListOf("kept.tar"), "etc/\netc/.wh." + name + "\n");
  EXPECT_THAT(Ask({"base", "kept.tar"}, "ls -A /etc"), Prints(""));
}

// SIGKILL comes in the moment before the archive gets its name.
TEST_F(UnionFsCommitTest, KilledCommitLeavesNothing) {
  EXPECT_THAT(Keep("echo x >/etc/file"), Prints(""));
  const Result killed =
      Execute({.args = {"commit", Path("kept")}, .before_exec = DieOfNaming});
  EXPECT_NE(killed.signal, -1) << killed;
  EXPECT_EQ(Names(Path("")), (std::set<std::string>{"base", "kept"}));
  // Nobody holds its lock now, and the next commit removes the file.
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
}

// On a file system without nameless files the archive has another name until it
// is complete.
TEST_F(UnionFsCommitTest, FileSystemWithoutNamelessFilesWillDo) {
  EXPECT_THAT(Keep("echo x >/etc/file"), Prints(""));
  const std::string line = Commit("kept").out;
  fs::remove(Path("kept.tar"));
  EXPECT_THAT(Execute({.args = {"commit", Path("kept")},
                       .before_exec = RefuseNamelessFiles}),
              Prints(line));
  EXPECT_EQ(Names(Path("")),
            (std::set<std::string>{"base", "kept", "kept.tar"}));
}

// A container that runs may have written only half of its changes.
TEST_F(UnionFsCommitTest, DirectoryInUseIsNotPacked) {
  Write("other/etc/file", "");
  {
    HeldContainer container({"-layer", Path("base"), "-layer", Path("other"),
                             "-keep-upper", Path("kept")});
    EXPECT_THAT(Commit("kept"),
                FailsInOneLine(125, AllOf(HasSubstr(Path("kept")),
                                          HasSubstr("a container uses it"),
                                          HasSubstr("end that first"))));
    EXPECT_THAT(Commit("other"), ExitsWith(0)) << "a layer does not change";
    EXPECT_THAT(container.End(), ExitsWith(0));
  }
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
}

TEST_F(UnionFsCommitTest, ArchiveIsALayerAgain) {
  Write("base/etc/deleted", "");
  Write("base/etc/changed", "before\n");
  Write("base/home/replaced/old", "");
  EXPECT_THAT(
      Keep(
          "rm /etc/deleted; echo after >/etc/changed; rm -r /home/replaced; "
          "mkdir -m 1770 /home/replaced; cd /home/replaced; echo x >file; ln "
          "file hard; ln -s file soft; chmod 4711 file; chown 7:8 file; "
          "mkfifo pipe; mknod device c 1 3; echo x >' a\nb'; touch -d @1 file"),
      Prints(""));
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
  // The size of a directory depends on its file system.
  const std::string look =
      "find /etc /home | sort; cd /home; find . ! -name . -exec stat -c "
      "'%n %F %a %u:%g %h %Y %t,%T %N' {} + | sort; "
      "find . -type f -exec stat -c '%n %s' {} + | sort; cat /etc/changed";
  const Result as_directory = Ask({"base", "kept"}, look);
  EXPECT_THAT(as_directory, ExitsWith(0));
  EXPECT_THAT(as_directory.out, HasSubstr("/home/replaced/soft"));
  EXPECT_THAT(Ask({"base", "kept.tar"}, look), Prints(as_directory.out));
}

TEST_F(UnionFsCommitTest, AttributesTravelButNotThoseOfOverlayfs) {
  EXPECT_THAT(Keep("rm -r /home; mkdir /home; echo >/home/file"), Prints(""));
  ASSERT_EQ(setxattr(Path("kept/home/file").c_str(), "trusted.mine", "x", 1, 0),
            0);
  EXPECT_THAT(Commit("kept"), ExitsWith(0));
  // The attributes as the archive's headers name them.
  EXPECT_EQ(OnHost("grep -a -o 'SCHILY.xattr.[a-z.]*' kept.tar"),
            "SCHILY.xattr.trusted.mine\n");
}

TEST_F(UnionFsCommitTest, NoChangesAreALayerToo) {
  EXPECT_THAT(Keep("true"), Prints(""));
  EXPECT_THAT(Commit("kept").out, HasSubstr("  0 B  "));
  EXPECT_EQ(ListOf("kept.tar"), "");
  EXPECT_THAT(Ask({"base", "kept.tar"}, "echo runs"), Prints("runs\n"));
}

// Archives as other tools make them: docker save, tar by hand.
TEST_F(UnionFsCommitTest, ArchivesOfOthersAreLayers) {
  Write("base/etc/hidden", "");
  Write("base/home/old", "");
  Write("by-hand/./etc/.wh.hidden", "");
  Write("by-hand/home/.wh..wh..opq", "");
  Write("by-hand/home/new", "");
  Write("by-hand/.wh..wh.plnk/x", "");
  // A directory that replaces another: it has both a mark and an entry.
  Write("base/home2/old", "");
  Write("by-hand/.wh.home2", "");
  Write("by-hand/home2/new", "");
  OnHost("tar --create --gzip --file layer.tgz -C by-hand .");
  EXPECT_THAT(Ask({"base", "layer.tgz"},
                  "ls -A /etc /home /home2; ls -A / | "
                  "grep wh"),
              AllOf(ExitsWith(1), testing::Field(&Result::out,
                                                 "/etc:\n\n/home:\nnew\n\n"
                                                 "/home2:\nnew\n")));
}

// A folder that has no entry in the archive keeps the properties it has below.
TEST_F(UnionFsCommitTest, FoldersThatAreOnlyImpliedStayAsTheyAre) {
  for (const auto& [name, mode] : std::vector<std::pair<const char*, mode_t>>{
           {"base", 0711}, {"base/home", 0700}, {"base/tmp", 01777}}) {
    ASSERT_EQ(chmod(Path(name).c_str(), mode), 0);
  }
  Write("by-hand/home/file", "");
  Write("by-hand/tmp/file", "");
  Write("by-hand/new/file", "");
  OnHost("tar -cf layer.tar -C by-hand home/file tmp/file new/file");
  EXPECT_THAT(Execute({.args = RunWords(Flags({"base", "layer.tar"}),
                                        {"stat", "-c", "%a %n", "/", "/home",
                                         "/tmp", "/new"}),
                       .before_exec = [] { return umask(0) != 0; }}),
              Prints("711 /\n700 /home\n1777 /tmp\n755 /new\n"));
}

TEST_F(UnionFsCommitTest, LaterMemberCounts) {
  OnHost(
      "mkdir x; ln -s /etc/passwd x/d; tar -cf layer.tar -C x d; "
      "rm x/d; echo file >x/d; tar -rf layer.tar -C x d");
  EXPECT_THAT(Ask({"base", "layer.tar"}, "test ! -L /d; cat /d"),
              Prints("file\n"));
}

// Some tools forget the two blocks of zeros (umoci insert 0.4.7), and no member
// is missing then.
TEST_F(UnionFsCommitTest, ArchiveWithoutItsEndIsWhole) {
  Write("x/etc/file", "content\n");
  OnHost("tar -cf whole.tar -C x etc/file; head -c 1024 whole.tar >layer.tar");
  EXPECT_THAT(Ask({"base", "layer.tar"}, "cat /etc/file"), Prints("content\n"));
}

// Nothing may be written outside the directory in which the archive is
// unpacked.
TEST_F(UnionFsCommitTest, HostileArchiveStaysInItsPlace) {
  const std::string victim = Path("victim");
  fs::create_directory(victim);
  OnHost("mkdir evil && ln -s " + victim +
         " evil/link && tar -cf a.tar -C evil "
         "link && rm evil/link && mkdir evil/link && echo >evil/link/out && "
         "tar -rf a.tar -C evil link/out");
  OnHost("echo >out && tar -cPf b.tar ../layers/out " + victim +
         "/../out && rm out");
  Write("c/.wh...", "");
  OnHost("tar -cf c.tar -C c .wh...");
  for (const char* archive : {"a.tar", "b.tar", "c.tar"}) {
    Ask({"base", archive}, "true");
    EXPECT_EQ(Names(victim), std::set<std::string>()) << archive;
    EXPECT_FALSE(fs::exists(Path("out"))) << archive;
  }
}

TEST_F(UnionFsCommitTest, WhatCannotBePackedIsTold) {
  Write("marked/etc/.wh.name", "");
  EXPECT_THAT(Commit("marked"),
              FailsInOneLine(125, AllOf(HasSubstr("marked/etc/.wh.name"),
                                        HasSubstr("deleted"))));
  EXPECT_THAT(Commit("nowhere"),
              FailsInOneLine(
                  125, AllOf(HasSubstr("nowhere"), HasSubstr("No such file"))));
  Write("file", "");
  EXPECT_THAT(Commit("file"), FailsInOneLine(125, HasSubstr("Not a direct")));
  EXPECT_THAT(Execute({.args = {"commit"}}),
              FailsInOneLine(125, HasSubstr("commit DIR")));
  EXPECT_THAT(Execute({.args = {"commit", "a", "b"}}),
              FailsInOneLine(125, HasSubstr("commit DIR")));
  EXPECT_EQ(Names(Path("")), (std::set<std::string>{"base", "file", "marked"}));
}

}  // namespace
}  // namespace blackbox
