// DecodeMessage and EncodeMessage: each message has one frame, and each frame
// that is accepted is the one of its message. So no frame that is too short,
// too long or changed is accepted.
//
// An input whose first byte is odd is the rest of a frame with a correct magic
// word and length; otherwise few inputs would get past these.

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/container/handshake.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

std::string FrameAround(absl::string_view body) {
  const uint32_t size = body.size();
  return EncodeMessage({{"any"}, false}).substr(0, sizeof(size)) +
         std::string(reinterpret_cast<const char*>(&size), sizeof(size)) +
         std::string(body);
}

// Like DecodeMessage, through a pipe.
void CheckReceived(absl::string_view frame,
                   const absl::StatusOr<StartMessage>& decoded) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  // No more than a pipe holds, because nobody reads while we write.
  if (!pipe.ok() || frame.size() > 4096) {
    return;
  }
  PROPERTY(WriteAll(pipe->write_end.get(), frame).ok());
  pipe->write_end.Close();
  const absl::StatusOr<StartMessage> received =
      ReceiveMessage(std::move(pipe->read_end));
  PROPERTY(received.status() == decoded.status());
  PROPERTY(!received.ok() || *received == *decoded);
}

void CheckFrame(absl::string_view frame) {
  const absl::StatusOr<StartMessage> message = DecodeMessage(frame);
  CheckReceived(frame, message);
  if (!message.ok()) {
    PROPERTY(message.status().code() == absl::StatusCode::kDataLoss);
    return;
  }
  PROPERTY(!message->argv.empty());
  PROPERTY(EncodeMessage(*message) == frame);
}

void CheckMessage(absl::string_view words) {
  const std::string text(words);
  const StartMessage message = {absl::StrSplit(words, '\0'),
                                words.size() % 2 == 0, text, "", text + "/"};
  const std::string frame = EncodeMessage(message);
  const absl::StatusOr<StartMessage> decoded = DecodeMessage(frame);
  PROPERTY(decoded.ok() && *decoded == message);
  for (size_t size = 0; size < frame.size(); ++size) {
    PROPERTY(!DecodeMessage(absl::string_view(frame).substr(0, size)).ok());
  }
  PROPERTY(!DecodeMessage(frame + '\0').ok());
}

void Check(absl::string_view input) {
  CheckFrame(input);
  if (!input.empty() && input[0] % 2 != 0) {
    CheckFrame(FrameAround(input.substr(1)));
  }
  CheckMessage(input.substr(0, 128));
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
