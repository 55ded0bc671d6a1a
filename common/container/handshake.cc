#include "common/container/handshake.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>

#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

constexpr uint32_t kMagic = 0x6b63646d;  // "mdck"

void AppendNumber(std::string& frame, uint32_t number) {
  frame.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void AppendText(std::string& frame, absl::string_view text) {
  AppendNumber(frame, text.size());
  frame.append(text.data(), text.size());
}

// Takes numbers and texts from the front of a frame; nothing if it is too
// short.
class Reader {
 public:
  explicit Reader(absl::string_view rest) : rest_(rest) {}

  std::optional<uint32_t> TakeNumber() {
    uint32_t number = 0;
    if (rest_.size() < sizeof(number)) {
      return std::nullopt;
    }
    memcpy(&number, rest_.data(), sizeof(number));
    rest_.remove_prefix(sizeof(number));
    return number;
  }

  std::optional<std::string> TakeText() {
    const std::optional<uint32_t> size = TakeNumber();
    if (!size.has_value() || rest_.size() < *size) {
      return std::nullopt;
    }
    const std::string text(rest_.substr(0, *size));
    rest_.remove_prefix(*size);
    return text;
  }

  size_t left() const { return rest_.size(); }

 private:
  absl::string_view rest_;
};

absl::Status Broken() {
  return absl::DataLossError(
      "the message from run is not whole: run has failed or was killed");
}

std::string FrameAround(absl::string_view body) {
  std::string frame;
  AppendNumber(frame, kMagic);
  AppendNumber(frame, body.size());
  return frame.append(body.data(), body.size());
}

// Returns what is in the frame.
absl::StatusOr<absl::string_view> BodyOf(absl::string_view frame) {
  Reader reader(frame);
  const std::optional<uint32_t> magic = reader.TakeNumber();
  const std::optional<uint32_t> size = reader.TakeNumber();
  if (magic != kMagic || size != reader.left()) {
    return Broken();
  }
  return frame.substr(frame.size() - *size);
}

absl::Status SendFrame(Pipe& pipe, absl::string_view frame) {
  // With our copy of the read end open, a write would wait for a dead reader.
  pipe.read_end.Close();
  absl::Status sent = WriteAll(pipe.write_end.get(), frame);
  if (!sent.ok() && ErrnoOf(sent) != EPIPE) {
    return sent;
  }
  pipe.write_end.Close();
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReceiveFrame(UniqueFd pipe) {
  struct stat attributes = {};
  if (fstat(pipe.get(), &attributes) != 0 || !S_ISFIFO(attributes.st_mode)) {
    return absl::FailedPreconditionError(
        "there is no pipe from run; init is started by run, inside a new "
        "container: mydocker run COMMAND");
  }
  return ReadAll(pipe.get());
}

}  // namespace

// #region encode
std::string EncodeMessage(const StartMessage& message) {
  std::string body;
  AppendNumber(body, message.verbose ? 1 : 0);
  AppendText(body, message.hostname);
  AppendText(body, message.rootfs);
  AppendText(body, message.layers);
  for (const std::string& argument : message.argv) {
    AppendText(body, argument);
  }
  return FrameAround(body);
}
// #endregion encode

absl::StatusOr<StartMessage> DecodeMessage(absl::string_view frame) {
  ASSIGN_OR_RETURN(const absl::string_view body, BodyOf(frame));
  Reader reader(body);
  const std::optional<uint32_t> verbose = reader.TakeNumber();
  if (!verbose.has_value() || *verbose > 1) {
    return Broken();
  }
  StartMessage message;
  message.verbose = *verbose == 1;
  for (std::string* text :
       {&message.hostname, &message.rootfs, &message.layers}) {
    std::optional<std::string> taken = reader.TakeText();
    if (!taken.has_value()) {
      return Broken();
    }
    *text = *std::move(taken);
  }
  while (reader.left() > 0) {
    std::optional<std::string> argument = reader.TakeText();
    if (!argument.has_value()) {
      return Broken();
    }
    message.argv.push_back(*std::move(argument));
  }
  if (message.argv.empty()) {
    return Broken();
  }
  return message;
}

absl::Status SendMessage(Pipe& pipe, const StartMessage& message) {
  return SendFrame(pipe, EncodeMessage(message));
}

absl::StatusOr<StartMessage> ReceiveMessage(UniqueFd pipe) {
  ASSIGN_OR_RETURN(const std::string frame, ReceiveFrame(std::move(pipe)));
  return DecodeMessage(frame);
}

absl::Status SendBytes(Pipe& pipe, absl::string_view bytes) {
  return SendFrame(pipe, FrameAround(bytes));
}

absl::StatusOr<std::string> ReceiveBytes(UniqueFd pipe) {
  ASSIGN_OR_RETURN(const std::string frame, ReceiveFrame(std::move(pipe)));
  ASSIGN_OR_RETURN(const absl::string_view body, BodyOf(frame));
  return std::string(body);
}

}  // namespace mydocker
