// A program that goes on in the background when what it was started for is
// there.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_

#include <optional>

#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// The line between a program and its continuation in the background.
class Background {
 public:
  // Stays in the foreground.
  Background() = default;

  // Forks. The new process goes on and gets a Background; to the caller comes
  // the exit status with which to end, when the other has called Ready (0) or
  // has ended without (its own). Before any thread is started.
  // Errors: those of fork(2) and pipe2(2).
  static absl::StatusOr<std::optional<int>> Start(Background& background);

  // Lets the caller of the program go on: away from its terminal, its directory
  // and its streams. In the foreground: nothing.
  void Ready();

 private:
  UniqueFd line_;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_
