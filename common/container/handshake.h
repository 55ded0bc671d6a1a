// From chapter 8.
//
// What `run` says to `init` through the pipe: the container's command, and with
// it, that everything is prepared.

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
};

// Returns the message as it goes through the pipe: a magic word, the length of
// the rest in bytes, then the rest, in which each text has its length in front.
// Numbers have 32 bits, in the machine's byte order.
std::string EncodeMessage(const StartMessage& message);

// The reverse of EncodeMessage. Errors: DataLoss for anything that is not
// exactly one whole message, as when `run` died half-way.
absl::StatusOr<StartMessage> DecodeMessage(absl::string_view frame);

// Writes the message to `pipe` and closes both of its ends. The caller must
// have blocked SIGPIPE. An init that is gone already is no error: what it has
// printed, and its exit status, say more than our broken pipe.
// Errors: those of write(2). The writing end is then still open, so that init
// goes on waiting and does not complain as well, until the caller ends it.
absl::Status SendMessage(Pipe& pipe, const StartMessage& message);

// Reads from `pipe` until its end, so until `run` has done its part, and
// returns the message; then closes `pipe`. An end without a whole message means
// that `run` has failed or died: the container must not start, for nobody knows
// what it would lack. Errors: as DecodeMessage; FailedPrecondition if `pipe` is
// no pipe.
absl::StatusOr<StartMessage> ReceiveMessage(UniqueFd pipe);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_HANDSHAKE_H_
