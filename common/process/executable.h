// From chapter 1.
//
// Finding and executing a program, with the errors that a shell would give.

#ifndef MYDOCKER_COMMON_PROCESS_EXECUTABLE_H_
#define MYDOCKER_COMMON_PROCESS_EXECUTABLE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The value of PATH where none is set: Debian's.
inline constexpr char kDefaultPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Returns the path of the file that `name` stands for: `name` itself if it has
// a slash, or else the first executable file of that name in the directories of
// `path`, the value of PATH.
// Errors: not found (exit status 127); found but a directory or not executable
// (126).
// Source: exec.LookPath in article 000. execvp(3) does nearly the same, but it
// runs with /bin/sh any file that the kernel does not recognize as a program.
absl::StatusOr<std::string> FindExecutable(absl::string_view name,
                                           absl::string_view path);

// Returns the value of PATH in the environment, or kDefaultPath if it is not
// set.
std::string SearchPath();

// Replaces this process by the program in the file `file` (execve(2)), with
// these arguments and this process's environment. Returns only to say why it
// could not (exit status 126): a script whose interpreter is missing, a file in
// no format the kernel knows, …
absl::Status Execute(const std::string& file,
                     const std::vector<std::string>& argv);

// The same with the file that is open as the descriptor `file` (execveat(2)).
// For binaries only: if the descriptor is close-on-exec, the interpreter of a
// script could no longer open it (ENOENT).
absl::Status ExecuteFile(int file, const std::vector<std::string>& argv);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_EXECUTABLE_H_
