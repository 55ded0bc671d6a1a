// A program that continues in the background once it is ready to be used.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_

#include <optional>

#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Connects a program with its continuation in the background.
class Background {
 public:
  // The program stays in the foreground.
  Background() = default;

  // Forks. The new process continues with a Background; the caller gets the
  // exit status with which to end: 0 as soon as the new process has called
  // Ready, or the new process's own if it ended without. Call it before any
  // thread is started. Errors: those of fork(2) and pipe2(2).
  static absl::StatusOr<std::optional<int>> Start(Background& background);

  // Lets the program's caller continue, and detaches this process from its
  // terminal, directory and streams. Does nothing in the foreground.
  void Ready();

 private:
  UniqueFd line_;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_BACKGROUND_H_
