// From chapter 8.
//
// The message from `run` to `init` through the pipe: the container's command.
// It also means that everything is prepared.

#ifndef MYDOCKER_COMMON_CONTAINER_HANDSHAKE_H_
#define MYDOCKER_COMMON_CONTAINER_HANDSHAKE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"

namespace mydocker {

// The descriptor of the pipe in `init`: the first extra file (Command).
inline constexpr int kHandshakeFd = 3;

struct StartMessage {
  std::vector<std::string> argv;  // The container's command, byte for byte.
  bool verbose = false;           // Whether init logs its steps (-verbose).
  // From chapter 9.
  std::string hostname = {};  // Empty: it keeps the host's.
  std::string rootfs = {};    // Empty: it sees the host's files.
  // From chapter 10.
  std::string layers = {};  // The path of its LayeredFiles, if it has layers.

  bool operator==(const StartMessage&) const = default;
};

// Returns the message as it goes through the pipe: a magic word, the length of
// the rest in bytes, then the rest, in which each text has its length in front.
// Numbers have 32 bits, in the machine's byte order.
std::string EncodeMessage(const StartMessage& message);

// The reverse of EncodeMessage. Errors: DataLoss for anything that is not
// exactly one whole message, as when `run` died half-way.
absl::StatusOr<StartMessage> DecodeMessage(absl::string_view frame);

// Writes the message to `pipe` and closes both of its ends. The caller must
// have blocked SIGPIPE. It is no error if init has already ended: its output
// and its exit status say more than our broken pipe.
// Errors: those of write(2). The write end then stays open, so that init keeps
// waiting, and prints no error of its own, until the caller ends it.
absl::Status SendMessage(Pipe& pipe, const StartMessage& message);

// Reads from `pipe` until its end, so until `run` has done its part, and
// returns the message; then closes `pipe`. An end without a whole message means
// that `run` has failed or died: the container must not start, since its setup
// may be incomplete. Errors: as DecodeMessage; FailedPrecondition if `pipe` is
// not a pipe.
absl::StatusOr<StartMessage> ReceiveMessage(UniqueFd pipe);

// The same with other bytes instead of the message, behind the same magic word
// and their length. From chapter 12, where they are a Spec.
absl::Status SendBytes(Pipe& pipe, absl::string_view bytes);
absl::StatusOr<std::string> ReceiveBytes(UniqueFd pipe);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_HANDSHAKE_H_
