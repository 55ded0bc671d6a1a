// From chapter 10.
//
// Runs the host's own programs for work that they do better than we would:
// gzip, sha256sum.

#ifndef MYDOCKER_COMMON_PROCESS_TOOL_H_
#define MYDOCKER_COMMON_PROCESS_TOOL_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/child.h"

namespace mydocker {

// A running tool that reads an open file.
//
// The tool's surroundings do not depend on the caller of mydocker: only PATH
// and LC_ALL=C in its environment, the umask 022, "/" as its working directory,
// and only the three standard descriptors. Signals have their default action in
// it, even if a Supervisor has blocked them for us. So Ctrl-C ends the tool and
// not us, who still have to clean up. A terminating signal that only we receive
// ends our wait for the tool.
class Tool {
 public:
  // Starts the program argv[0], looked up in the system's directories. Its
  // standard input is the file `input`, from its beginning. Errors: those of
  // mydocker::Start, if it does not exist.
  static absl::StatusOr<Tool> Start(const std::vector<std::string>& argv,
                                    const UniqueFd& input);

  // Reads at most `size` bytes of its standard output, and returns how many it
  // read. 0: end of output, and its exit status was 0.
  // Errors: those of CheckForInterruption; its exit status is not 0 (Internal,
  // with the first line that it wrote to standard error, which mostly says
  // why).
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

 private:
  Tool(std::string name, Child child, UniqueFd output, UniqueFd errors,
       UniqueFd signals)
      : name_(std::move(name)),
        child_(std::move(child)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        signals_(std::move(signals)) {}
  // Waits for its end, and returns 0 or the error.
  absl::StatusOr<size_t> End();

  std::string name_;
  Child child_;
  UniqueFd output_;   // A pipe's read end. Not valid: it has ended.
  UniqueFd errors_;   // A file in memory: nobody would read a second pipe.
  UniqueFd signals_;  // Polls readable: a terminating signal is pending.
};

// Runs a tool to its end and returns all of its standard output.
// Errors: those of Tool::Start and Tool::Read.
absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv,
                                    const UniqueFd& input);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_TOOL_H_
