#include "common/files/archive_stream.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "common/process/supervisor.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::MatchesRegex;

class ArchiveStreamTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> ReadFile(const std::string& name) const {
    ASSIGN_OR_RETURN(ArchiveStream stream,
                     ArchiveStream::Open(directory_.File(name)));
    std::string content;
    char buffer[1000];
    size_t size = 0;
    do {
      ASSIGN_OR_RETURN(size, stream.Read(buffer, sizeof(buffer)));
      content.append(buffer, size);
    } while (size > 0);
    return content;
  }
  // Runs one of the host's tools in the directory. Returns false if it does not
  // exist.
  bool Shell(const std::string& command) const {
    return RunShell("cd \"$1\"; " + command, {directory_.path()})
               ->exit_status == 0;
  }

  const std::string content_ = std::string(300000, 'x') + "end";
  const TempDirectory directory_;
};

TEST_F(ArchiveStreamTest, GivesWhatWasCompressed) {
  directory_.Write("plain", content_);
  EXPECT_EQ(ReadFile("plain").value_or("failed"), content_);
  int tools = 0;
  for (const std::string tool : {"gzip", "bzip2", "xz", "zstd"}) {
    if (!Shell("command -v " + tool)) {
      continue;
    }
    ++tools;
    ASSERT_TRUE(Shell(tool + " -c <plain >" + tool));
    EXPECT_EQ(ReadFile(tool).value_or("failed"), content_) << tool;
    ASSERT_TRUE(Shell("head -c 40 " + tool + " >" + tool + ".cut"));
    EXPECT_THAT(
        ReadFile(tool + ".cut"),
        MessageIs(MatchesRegex(tool + " ended with exit status [0-9]+: .+")));
  }
  EXPECT_GT(tools, 0);
}

TEST_F(ArchiveStreamTest, RubbishBehindCompressedIsRefused) {
  directory_.Write("plain", content_);
  ASSERT_TRUE(Shell("gzip -c <plain >packed; echo rubbish >>packed"));
  EXPECT_THAT(ReadFile("packed"), Says("trailing garbage"));
}

TEST_F(ArchiveStreamTest, WhatIsNoFileIsTold) {
  EXPECT_THAT(ReadFile("none"), HasErrno(ENOENT));
  EXPECT_THAT(ReadFile("."), Says("no ordinary file"));
  ASSERT_TRUE(Shell("mkfifo pipe"));
  EXPECT_THAT(ReadFile("pipe"), Says("no ordinary file"));
}

TEST_F(ArchiveStreamTest, StopsForASignal) {
  directory_.Write("plain", content_);
  InFork([this] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    raise(SIGTERM);
    EXPECT_THAT(ReadFile("plain"), HasCode(absl::StatusCode::kCancelled));
    signal(SIGTERM, SIG_IGN);
  });
}

}  // namespace
}  // namespace mydocker
