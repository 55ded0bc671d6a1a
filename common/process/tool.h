// From chapter 10.
//
// The host's own programs, where one of them does a part of our work better
// than we would: gzip, sha256sum.

#ifndef MYDOCKER_COMMON_PROCESS_TOOL_H_
#define MYDOCKER_COMMON_PROCESS_TOOL_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/child.h"

namespace mydocker {

// A tool at work on an open file.
//
// Whatever the caller of mydocker has set up, the tool has the same: PATH and
// LC_ALL=C in its environment and nothing else, the umask 022, "/" as its
// working directory, and no descriptors but the three standard ones. Signals do
// to it what they do to any program, also where a Supervisor has blocked them
// for us. So Ctrl-C ends it, and not us: what it was needed for is still to be
// cleaned up. And a signal to end that only we have got ends the waiting for
// it.
class Tool {
 public:
  // Starts the program argv[0], looked up where the system's are. The file
  // `input`, from its beginning on, is its standard input. Errors: those of
  // mydocker::Start, for one that is not there.
  static absl::StatusOr<Tool> Start(const std::vector<std::string>& argv,
                                    const UniqueFd& input);

  // Reads at most `size` bytes of what it writes to standard output, and
  // returns how many came. 0: that was all, and its exit status was 0.
  // Errors: those of CheckForInterruption; its exit status is not 0 (Internal,
  // with the first line that it wrote to standard error, which mostly says
  // why).
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

 private:
  Tool(std::string name, Child child, UniqueFd output, UniqueFd errors,
       UniqueFd kept)
      : name_(std::move(name)),
        child_(std::move(child)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        kept_(std::move(kept)) {}
  // How it ended, once it has.
  absl::StatusOr<size_t> End();

  std::string name_;
  Child child_;
  UniqueFd output_;  // The end of a pipe. Not valid: it has ended.
  UniqueFd errors_;  // A file in memory: nobody would read a second pipe.
  UniqueFd kept_;    // Polls readable when a signal to end is kept.
};

// Runs a tool to its end and returns all that it wrote to standard output.
// Errors: those of Tool::Start and Tool::Read.
absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv,
                                    const UniqueFd& input);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_TOOL_H_
