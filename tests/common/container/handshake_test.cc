#include "common/container/handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/fd.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

// A number as it is encoded in a frame.
std::string Number(uint32_t number) {
  std::string text(sizeof(number), '\0');
  memcpy(text.data(), &number, sizeof(number));
  return text;
}

const StartMessage kMessage = {
    {"stress", "--vm-bytes", "200m"}, true, "host", "/a b", ""};

class MessageTest : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(MessageTest, ArrivesByteForByte) {
  for (const bool verbose : {false, true}) {
    const absl::StatusOr<StartMessage> received =
        DecodeMessage(EncodeMessage({GetParam(), verbose}));
    ASSERT_THAT(received, IsOk());
    EXPECT_EQ(*received, (StartMessage{GetParam(), verbose}));
  }
}

// A field of its own value each: one that is not sent, or confused with
// another, would be missed.
TEST(DecodeMessageTest, GivesBackEachField) {
  const StartMessage message = {
      {"sh"}, true, "its name", "/the root", "/where/layers are"};
  const auto& [argv, verbose, hostname, rootfs, layers] = message;
  ASSERT_TRUE(verbose && !argv.empty() && !hostname.empty() &&
              !rootfs.empty() && !layers.empty());
  const absl::StatusOr<StartMessage> received =
      DecodeMessage(EncodeMessage(message));
  ASSERT_THAT(received, IsOk());
  EXPECT_EQ(*received, message);
}

TEST_P(MessageTest, ArrivesThroughAPipe) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  // More than a pipe holds: the reader has to read meanwhile.
  absl::Status sent;
  UniqueFd init_end(dup(pipe->read_end.get()));
  std::thread sender([&] { sent = SendMessage(*pipe, {GetParam(), true}); });
  const absl::StatusOr<StartMessage> received =
      ReceiveMessage(std::move(init_end));
  sender.join();
  EXPECT_THAT(sent, IsOk());
  ASSERT_THAT(received, IsOk());
  EXPECT_EQ(received->argv, GetParam());
  EXPECT_TRUE(received->verbose);
  EXPECT_FALSE(pipe->read_end.valid());
  EXPECT_FALSE(pipe->write_end.valid());
}

INSTANTIATE_TEST_SUITE_P(
    Arguments, MessageTest,
    testing::Values(std::vector<std::string>{"true"},
                    std::vector<std::string>{""},
                    std::vector<std::string>{"", "", ""},
                    std::vector<std::string>{"printf", "<%s>\\n", "a b", "",
                                             "c\nd"},
                    std::vector<std::string>{"'", "\"", "$x", "\\", "*", ";"},
                    std::vector<std::string>{"\xff\xfe", "日本"},
                    std::vector<std::string>{"sh", std::string(100'000, 'x'),
                                             std::string(100'000, '\n')},
                    std::vector<std::string>(5'000, "many")));

TEST(BytesTest, ArriveWholeOrNotAtAll) {
  for (const std::string& bytes :
       {std::string(), std::string("{\"a\":1}"), std::string("\0\xff", 2)}) {
    absl::StatusOr<Pipe> pipe = MakePipe();
    ASSERT_THAT(pipe, IsOk());
    UniqueFd init_end(dup(pipe->read_end.get()));
    ASSERT_THAT(SendBytes(*pipe, bytes), IsOk());
    const absl::StatusOr<std::string> received =
        ReceiveBytes(std::move(init_end));
    ASSERT_THAT(received, IsOk());
    EXPECT_EQ(*received, bytes);
  }
  // As if run had died half-way.
  for (const std::string& half :
       {std::string(), Number(1), std::string(9, 'x')}) {
    absl::StatusOr<Pipe> pipe = MakePipe();
    ASSERT_THAT(pipe, IsOk());
    ASSERT_THAT(WriteAll(pipe->write_end.get(), half), IsOk());
    pipe->write_end.Close();
    EXPECT_THAT(ReceiveBytes(std::move(pipe->read_end)),
                HasCode(absl::StatusCode::kDataLoss));
  }
}

TEST(DecodeMessageTest, RefusesAMessageCutShortAnywhere) {
  const std::string frame = EncodeMessage(kMessage);
  ASSERT_THAT(DecodeMessage(frame), IsOk());
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_THAT(DecodeMessage(frame.substr(0, size)),
                HasCode(absl::StatusCode::kDataLoss))
        << size << " of " << frame.size() << " bytes";
  }
}

TEST(DecodeMessageTest, RefusesWhatFollowsTheMessage) {
  const std::string frame = EncodeMessage(kMessage);
  for (const std::string& garbage :
       {std::string(1, '\0'), std::string("x"), std::string("abcd"), frame}) {
    EXPECT_THAT(DecodeMessage(frame + garbage),
                HasCode(absl::StatusCode::kDataLoss));
  }
}

TEST(DecodeMessageTest, RefusesAnotherMagicWord) {
  const std::string frame = EncodeMessage(kMessage);
  for (size_t i = 0; i < 4; ++i) {
    std::string changed = frame;
    changed[i] ^= 1;
    EXPECT_THAT(DecodeMessage(changed), HasCode(absl::StatusCode::kDataLoss));
  }
}

TEST(DecodeMessageTest, RefusesLengthsThatDoNotFit) {
  const std::string magic = EncodeMessage(kMessage).substr(0, 4);
  const auto frame = [&](const std::string& body) {
    return magic + Number(body.size()) + body;
  };
  const std::string quiet = Number(0) + Number(1) + "h" + Number(0) + Number(0);
  // In the format that the header describes, this one is valid.
  ASSERT_THAT(DecodeMessage(frame(quiet + Number(2) + "ls")), IsOk());
  for (const std::string& body : {
           std::string(),                         // Nothing at all.
           quiet,                                 // No argument.
           quiet + Number(3) + "ls",              // Longer than the rest.
           quiet + Number(1) + "ls",              // Shorter.
           quiet + Number(0xffffffff) + "ls",     // Far longer.
           quiet + Number(2) + "ls" + "x",        // Half a length.
           quiet + Number(2) + "ls" + Number(1),  // An argument missing.
           Number(0) + Number(0) + Number(0),     // A text missing.
           Number(2) + quiet.substr(4) + Number(2) + "ls",  // No bool.
           Number(0x01000000) + quiet.substr(4) + Number(2) + "ls",
       }) {
    EXPECT_THAT(DecodeMessage(frame(body)),
                HasCode(absl::StatusCode::kDataLoss))
        << testing::PrintToString(body);
  }
  const std::string body = quiet + Number(2) + "ls";
  const uint32_t body_size = body.size();
  for (const uint32_t size : {0u, body_size - 1, body_size + 1, 0xffffffffu}) {
    EXPECT_THAT(DecodeMessage(magic + Number(size) + body),
                HasCode(absl::StatusCode::kDataLoss))
        << size;
  }
}

// The pipe's content when run failed, or died, before it had sent everything.
class BrokenPipeTest : public testing::TestWithParam<size_t> {};

TEST_P(BrokenPipeTest, IsNoMessage) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  const std::string part = EncodeMessage(kMessage).substr(0, GetParam());
  ASSERT_THAT(WriteAll(pipe->write_end.get(), part), IsOk());
  pipe->write_end.Close();
  EXPECT_THAT(ReceiveMessage(std::move(pipe->read_end)),
              HasCode(absl::StatusCode::kDataLoss));
}

INSTANTIATE_TEST_SUITE_P(BytesSent, BrokenPipeTest,
                         testing::Values(0, 1, 4, 8, 12, 20));

TEST(ReceiveMessageTest, RefusesWhatIsNoPipe) {
  const TempDirectory directory;
  const UniqueFd file(
      open(directory.Write("file", EncodeMessage(kMessage)).c_str(),
           O_RDONLY | O_CLOEXEC));
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd socket(ends[0]);
  const UniqueFd other_end(ends[1]);
  for (const int fd : {file.get(), null.get(), socket.get(), -1}) {
    EXPECT_THAT(ReceiveMessage(UniqueFd(fd < 0 ? fd : dup(fd))),
                HasCode(absl::StatusCode::kFailedPrecondition))
        << fd;
  }
}

TEST(ReceiveMessageTest, SeesThatItCannotRead) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  EXPECT_THAT(ReceiveMessage(std::move(pipe->write_end)), HasErrno(EBADF));
}

TEST(SendMessageTest, LeavesItToInitToSayWhyItIsGone) {
  InFork([] {
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
    absl::StatusOr<Pipe> pipe = MakePipe();
    ASSERT_THAT(pipe, IsOk());
    // The system call does fail, with EPIPE only.
    pipe->read_end.Close();
    EXPECT_THAT(WriteAll(pipe->write_end.get(), "x"), HasErrno(EPIPE));
    EXPECT_THAT(SendMessage(*pipe, kMessage), IsOk());
  });
}

TEST(SendMessageTest, SeesThatItCannotWrite) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  Pipe turned_round = {std::move(pipe->write_end), std::move(pipe->read_end)};
  EXPECT_THAT(SendMessage(turned_round, kMessage), HasErrno(EBADF));
  // Otherwise init would see an end of file, and report an error beside run's.
  EXPECT_TRUE(turned_round.write_end.valid());
}

}  // namespace
}  // namespace mydocker
