#include "common/base/kernel_file.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <string>

#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

TEST(WriteKernelFileTest, WritesTheValueAndNothingElse) {
  const TempDirectory directory;
  EXPECT_THAT(WriteKernelFile(directory.Write("file", ""), "104857600"),
              IsOk());
  EXPECT_EQ(directory.Read("file"), "104857600");
}

TEST(WriteKernelFileTest, WritesTheValueInOnePiece) {
  // Each write to this file replaces the name, so if a value came in pieces,
  // only the last piece would stay.
  InFork([] {
    EXPECT_THAT(WriteKernelFile("/proc/self/comm", "in one piece"), IsOk());
    const absl::StatusOr<std::string> name = ReadKernelFile("/proc/self/comm");
    ASSERT_THAT(name, IsOk());
    EXPECT_EQ(*name, "in one piece");
  });
}

TEST(WriteKernelFileTest, NeverMakesAFile) {
  const TempDirectory directory;
  EXPECT_THAT(WriteKernelFile(directory.File("memory.max"), "1"),
              AllOf(HasErrno(ENOENT), Says(directory.File("memory.max"))));
  EXPECT_FALSE(directory.Has("memory.max"));
}

TEST(WriteKernelFileTest, SeesTheKernelsRefusal) {
  EXPECT_THAT(WriteKernelFile("/proc/self/oom_score_adj", "many"),
              AllOf(HasErrno(EINVAL),
                    Says("write \"many\" to /proc/self/oom_score_adj")));
  EXPECT_THAT(WriteKernelFile("/dev/full", "1"), HasErrno(ENOSPC));
}

TEST(WriteKernelFileTest, SeesThatItMustNotOpenTheFile) {
  InFork([] {
    BecomeOrdinaryUser();
    EXPECT_THAT(WriteKernelFile("/proc/sys/kernel/ostype", "x"),
                HasErrno(EACCES));
  });
  EXPECT_THAT(WriteKernelFile("/proc", "1"), HasErrno(EISDIR));
}

TEST(WriteKernelFileTest, IsNotContentWithAPart) {
  InFork([] {
    const TempDirectory directory;
    const std::string file = directory.Write("file", "");
    signal(SIGXFSZ, SIG_IGN);
    SetLimit(RLIMIT_FSIZE, 4);
    EXPECT_THAT(WriteKernelFile(file, "123456"),
                AllOf(HasCode(absl::StatusCode::kDataLoss), Says("4 bytes")));
    EXPECT_EQ(directory.Read("file"), "1234");
  });
}

struct Content {
  std::string file;
  std::string read;
};
class ReadKernelFileTest : public testing::TestWithParam<Content> {};

TEST_P(ReadKernelFileTest, TakesOneNewlineFromTheEnd) {
  const TempDirectory directory;
  const absl::StatusOr<std::string> content =
      ReadKernelFile(directory.Write("file", GetParam().file));
  ASSERT_THAT(content, IsOk());
  EXPECT_EQ(*content, GetParam().read);
}

INSTANTIATE_TEST_SUITE_P(
    Contents, ReadKernelFileTest,
    testing::Values(Content{"", ""}, Content{"\n", ""}, Content{"0-3\n", "0-3"},
                    Content{"0-3", "0-3"}, Content{"1\n2\n", "1\n2"},
                    Content{"1\n\n", "1\n"}, Content{" 1 ", " 1 "},
                    Content{std::string(100'000, 'x') + "\n",
                            std::string(100'000, 'x')}));

TEST(ReadKernelFileErrorTest, NamesTheFile) {
  EXPECT_THAT(ReadKernelFile("/proc/self/nothing"),
              AllOf(HasErrno(ENOENT), Says("/proc/self/nothing")));
  EXPECT_THAT(ReadKernelFile("/proc"), AllOf(HasErrno(EISDIR), Says("/proc")));
}

TEST(ReadKeyedNumberTest, FindsTheLineOfTheKey) {
  const TempDirectory directory;
  const std::string file = directory.Write("memory.events",
                                           "low 0\nhigh 12\nmax 345\noom 6\n"
                                           "oom_kill 7\noom_group_kill 8\n");
  const struct {
    const char* key;
    uint64_t number;
  } kCases[] = {{"low", 0}, {"high", 12},    {"max", 345},
                {"oom", 6}, {"oom_kill", 7}, {"oom_group_kill", 8}};
  for (const auto& [key, number] : kCases) {
    const absl::StatusOr<uint64_t> found = ReadKeyedNumber(file, key);
    ASSERT_THAT(found, IsOk()) << key;
    EXPECT_EQ(*found, number) << key;
  }
  EXPECT_THAT(
      ReadKeyedNumber(file, "kill"),
      AllOf(HasCode(absl::StatusCode::kNotFound), Says("kill"), Says(file)));
}

TEST(ReadKeyedNumberTest, ReadsNumbersOf64Bits) {
  const TempDirectory directory;
  const absl::StatusOr<uint64_t> number = ReadKeyedNumber(
      directory.Write("file", "total 18446744073709551615\n"), "total");
  ASSERT_THAT(number, IsOk());
  EXPECT_EQ(*number, 18446744073709551615u);
}

TEST(ReadKeyedNumberTest, TakesNoOtherLine) {
  const TempDirectory directory;
  for (const char* content :
       {"", "oom_kill\n", "oom_kill x\n", "oom_kill -1\n", "oom_kill 1 2\n",
        "x oom_kill 1\n", "oom_kills 1\n", "oom_kill=1\n"}) {
    EXPECT_THAT(ReadKeyedNumber(directory.Write("file", content), "oom_kill"),
                HasCode(absl::StatusCode::kNotFound))
        << content;
  }
  EXPECT_THAT(ReadKeyedNumber(directory.File("none"), "oom_kill"),
              HasErrno(ENOENT));
}

TEST(ReadNumberTest, ReadsANumber) {
  const TempDirectory directory;
  const absl::StatusOr<uint64_t> number =
      ReadNumber(directory.Write("memory.peak", "104857600\n"));
  ASSERT_THAT(number, IsOk());
  EXPECT_EQ(*number, 104857600);
}

TEST(ReadNumberTest, RefusesWhatIsNone) {
  const TempDirectory directory;
  for (const char* content : {"", "\n", "max\n", "1 2\n", "-1\n", "1.5\n"}) {
    const absl::StatusOr<uint64_t> number =
        ReadNumber(directory.Write("memory.max", content));
    EXPECT_FALSE(number.ok()) << content;
    EXPECT_THAT(number, Says(directory.File("memory.max"))) << content;
  }
  EXPECT_THAT(ReadNumber(directory.File("none")), HasErrno(ENOENT));
}

}  // namespace
}  // namespace mydocker
