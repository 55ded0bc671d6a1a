// From chapter 9.
//
// A copy of this program that nobody can change.

#ifndef MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_
#define MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_

#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Copies the file of this program into memory (memfd_create(2)), as much of it
// as execve(2) loads, seals the copy (fcntl(2), F_ADD_SEALS) so that not even
// root may write to it, and returns its descriptor, for a child to execute
// (Command::program_file). It lives for as long as that is open or the copy is
// executed.
//
// A process that runs inside of a container from the program's own file would
// be a way to that file: /proc/PID/exe (CVE-2019-5736).
// Errors: those of memfd_create(2), sendfile(2) and F_ADD_SEALS; EACCES where
// the sysctl vm.memfd_noexec forbids to execute files in memory.
absl::StatusOr<UniqueFd> SealedCopyOfThisProgram();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_
