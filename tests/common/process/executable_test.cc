#include "common/process/executable.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

constexpr char kScript[] = "#!/bin/sh\n";

// Directories of a PATH: first, second and third, the last one missing.
class FindExecutableTest : public testing::Test {
 protected:
  FindExecutableTest() {
    directory_.MakeDirectory("first");
    directory_.MakeDirectory("second");
  }

  std::string Path() const {
    return directory_.File("first") + ":" + directory_.File("third") + ":" +
           directory_.File("second");
  }

  // Looks `name` up in Path().
  absl::StatusOr<std::string> Find(const std::string& name) const {
    return FindExecutable(name, Path());
  }

  TempDirectory directory_;
};

TEST_F(FindExecutableTest, TakesTheFirstInPath) {
  const std::string second = directory_.Write("second/tool", kScript, 0755);
  EXPECT_EQ(*Find("tool"), second);
  const std::string first = directory_.Write("first/tool", kScript, 0755);
  EXPECT_EQ(*Find("tool"), first);
}

TEST_F(FindExecutableTest, PassesOverWhatItCannotExecute) {
  const std::string second = directory_.Write("second/tool", kScript, 0755);
  const std::string unfit = directory_.Write("first/tool", kScript, 0644);
  EXPECT_EQ(*Find("tool"), second);
  directory_.Remove("first/tool");
  directory_.MakeDirectory("first/tool");
  EXPECT_EQ(*Find("tool"), second);
}

TEST_F(FindExecutableTest, DoesNotLookAtPathForANameWithASlash) {
  directory_.Write("first/tool", kScript, 0755);
  const std::string file = directory_.Write("tool", kScript, 0755);
  EXPECT_EQ(*FindExecutable(file, Path()), file);
  InFork([&] {
    ASSERT_EQ(chdir(directory_.path().c_str()), 0);
    EXPECT_EQ(*FindExecutable("./tool", Path()), "./tool");
    EXPECT_EQ(*FindExecutable("first/tool", ""), "first/tool");
    EXPECT_THAT(FindExecutable("./none", Path()), HasExitStatus(127));
    EXPECT_THAT(FindExecutable("third/tool", directory_.path()),
                HasExitStatus(127));
  });
}

TEST_F(FindExecutableTest, TakesAnEmptyEntryForTheCurrentDirectory) {
  directory_.Write("tool", kScript, 0755);
  InFork([&] {
    ASSERT_EQ(chdir(directory_.path().c_str()), 0);
    for (const std::string& path :
         {std::string(":") + directory_.File("first"),
          directory_.File("first") + ":",
          directory_.File("first") + "::" + directory_.File("second"),
          std::string("")}) {
      EXPECT_EQ(FindExecutable("tool", path).value_or("none"), "./tool")
          << path;
    }
    EXPECT_THAT(FindExecutable("tool", Path()), HasExitStatus(127));
  });
}

TEST_F(FindExecutableTest, SaysThatItIsNotFound) {
  EXPECT_THAT(Find("tool"),
              AllOf(HasCode(absl::StatusCode::kNotFound), HasExitStatus(127),
                    Says("\"tool\""), Says(Path())));
  EXPECT_THAT(Find(""), HasExitStatus(127));
  const std::string none = directory_.File("none");
  EXPECT_THAT(Find(none),
              AllOf(HasErrno(ENOENT), HasExitStatus(127), Says(none)));
  // A file where a directory would have to be.
  const std::string below = directory_.Write("file", "", 0755) + "/tool";
  EXPECT_THAT(Find(below), AllOf(HasErrno(ENOTDIR), HasExitStatus(127)));
  EXPECT_THAT(FindExecutable("tool", directory_.File("file")),
              HasExitStatus(127));
}

TEST_F(FindExecutableTest, SaysThatItIsADirectory) {
  const std::string found = directory_.MakeDirectory("second/tool");
  for (const std::string& name : {std::string("tool"), found, found + "/"}) {
    EXPECT_THAT(Find(name),
                AllOf(HasErrno(EISDIR), HasExitStatus(126), Says(found)))
        << name;
  }
}

TEST_F(FindExecutableTest, SaysThatItIsNotExecutable) {
  // For root too: root may execute a file only if somebody may execute it.
  const std::string found = directory_.Write("second/tool", kScript, 0666);
  for (const std::string& name : {std::string("tool"), found}) {
    EXPECT_THAT(Find(name), AllOf(HasErrno(EACCES), HasExitStatus(126),
                                  Says(found), Says("chmod +x")))
        << name;
  }
}

TEST_F(FindExecutableTest, LooksWithThePowersOfTheCaller) {
  const std::string found = directory_.Write("first/tool", kScript, 0700);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0711), 0);
  EXPECT_EQ(*Find("tool"), found);
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can change its user";
  }
  InFork([&] {
    BecomeOrdinaryUser();
    EXPECT_THAT(Find("tool"), AllOf(HasErrno(EACCES), HasExitStatus(126)));
    EXPECT_THAT(Find(found), AllOf(HasErrno(EACCES), HasExitStatus(126)));
  });
}

TEST_F(FindExecutableTest, FollowsLinks) {
  directory_.Link(directory_.Write("real", kScript, 0755), "first/tool");
  EXPECT_EQ(*Find("tool"), directory_.File("first/tool"));
  directory_.Link(directory_.File("none"), "first/dangling");
  EXPECT_THAT(Find("dangling"), HasExitStatus(127));
  directory_.Link("loop", "first/loop");
  EXPECT_THAT(Find("loop"), AllOf(HasErrno(ELOOP), HasExitStatus(126)));
}

TEST(SearchPathTest, IsTheEnvironmentsOrDebians) {
  InFork([] {
    setenv("PATH", "/a::/b", 1);
    EXPECT_EQ(SearchPath(), "/a::/b");
    setenv("PATH", "", 1);
    EXPECT_EQ(SearchPath(), "");
    unsetenv("PATH");
    EXPECT_EQ(SearchPath(),
              "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  });
}

class ExecuteTest : public testing::Test {
 protected:
  TempDirectory directory_;
};

TEST_F(ExecuteTest, ReplacesTheProcessAndPassesEverythingOn) {
  const std::vector<std::string> writes = CaptureWrites(STDOUT_FILENO, [] {
    InFork([] {
      setenv("MYDOCKER_TEST", "the caller's", 1);
      const absl::Status status = Execute(
          "/bin/sh", {"a name", "-c", "printf '<%s>' \"$MYDOCKER_TEST\" \"$@\"",
                      "sh", "a b", "", "c\nd"});
      ADD_FAILURE() << status;
    });
  });
  std::string text;
  for (const std::string& part : writes) {
    text += part;
  }
  EXPECT_EQ(text, "<the caller's><a b><><c\nd>");
}

TEST_F(ExecuteTest, NamesTheInterpreterThatIsMissing) {
  const struct {
    const char* first_line;
    const char* interpreter;
  } kCases[] = {{"#!/no/such/shell", "interpreter /no/such/shell"},
                {"#! \t/no/such/shell -x y", "interpreter /no/such/shell"},
                {"#!/no/such/shell\t-x", "interpreter /no/such/shell"}};
  for (const auto& [first_line, interpreter] : kCases) {
    const std::string script =
        directory_.Write("script", std::string(first_line) + "\necho\n", 0755);
    const absl::Status status = Execute(script, {"script"});
    EXPECT_THAT(status, AllOf(HasErrno(ENOENT), HasExitStatus(126),
                              Says(script), Says(interpreter)))
        << first_line;
    EXPECT_THAT(std::string(status.message()),
                Not(testing::HasSubstr(std::string(interpreter) + " ")));
  }
}

TEST_F(ExecuteTest, SaysThatTheFormatIsUnknown) {
  for (const char* content : {"", "echo no first line\n",
                              "\x7f"
                              "ELF???"}) {
    EXPECT_THAT(Execute(directory_.Write("file", content, 0755), {"file"}),
                AllOf(HasErrno(ENOEXEC), HasExitStatus(126), Says("#!")));
  }
}

TEST_F(ExecuteTest, SaysThatItMustNot) {
  EXPECT_THAT(Execute(directory_.Write("file", kScript, 0644), {"file"}),
              AllOf(HasErrno(EACCES), HasExitStatus(126)));
  EXPECT_THAT(Execute(directory_.path(), {"directory"}),
              AllOf(HasErrno(EACCES), HasExitStatus(126)));
}

TEST_F(ExecuteTest, SaysThatTheArgumentsAreTooLong) {
  // No single one may be longer than 32 pages (execve(2)).
  const size_t limit = 32 * sysconf(_SC_PAGESIZE);
  EXPECT_THAT(Execute("/bin/sh", {"sh", std::string(limit, 'x')}),
              AllOf(HasErrno(E2BIG), HasExitStatus(126), Says("/bin/sh")));
}

}  // namespace
}  // namespace mydocker
