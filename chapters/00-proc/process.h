// One process as /proc shows it, beside this one.

#ifndef MYDOCKER_CHAPTERS_00_PROC_PROCESS_H_
#define MYDOCKER_CHAPTERS_00_PROC_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "common/base/report.h"

namespace mydocker {

// Returns the process that `word` means: a number, or "self" for the calling
// one. Errors: InvalidArgument if it is neither; NotFound if no such process
// can be seen; FailedPrecondition if it is a zombie, which only waits for its
// parent.
absl::StatusOr<pid_t> FindProcess(const std::string& word);

// All functions below fail with NotFound if the process has ended meanwhile,
// and with PermissionDenied, and what to do about it, if the caller may not
// inspect it.

// What the files in /proc/PID show of the process. Section "files".
// Source: the table of /proc in article 001, and proc(5).
absl::StatusOr<Section> DescribeFiles(pid_t pid);

// Its namespaces beside ours. Section "namespaces".
absl::StatusOr<Section> CompareNamespaces(pid_t pid);

// Its cgroup in each hierarchy beside ours. Section "cgroups".
absl::StatusOr<Section> CompareCgroups(pid_t pid);

// Its mounts beside ours: how many are the same, and each that is not. Section
// "mounts".
absl::StatusOr<Section> CompareMounts(pid_t pid);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_PROCESS_H_
