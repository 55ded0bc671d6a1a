// Reading /proc/PID: the process can end at any moment, or belong to another
// user.

#ifndef MYDOCKER_CHAPTERS_00_PROC_PROC_FILES_H_
#define MYDOCKER_CHAPTERS_00_PROC_PROC_FILES_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Returns the path of the file `name` of the process.
std::string ProcPath(pid_t pid, absl::string_view name);

// Returns what the process's file `name` holds, the target of its link `name`,
// or the names in its directory `name` in ascending order of their numbers.
// Errors: NotFound if there is no such process (any more); PermissionDenied,
// with what to do, if we may not read it.
absl::StatusOr<std::string> ReadProcFile(pid_t pid, absl::string_view name);
absl::StatusOr<std::string> ReadProcLink(pid_t pid, absl::string_view name);
absl::StatusOr<std::vector<int>> ListProcNumbers(pid_t pid,
                                                 absl::string_view name);

// Returns the value of the line `key` in /proc/PID/status, in which words are
// separated by one space. NotFound if there is none: a process without memory
// of its own has no VmRSS.
absl::StatusOr<std::string> ReadStatusField(pid_t pid, absl::string_view key);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_PROC_FILES_H_
