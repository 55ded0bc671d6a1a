// From chapter 9.
//
// A copy of this program that cannot be changed.

#ifndef MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_
#define MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_

#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Copies the file of this program into memory (memfd_create(2)), as much of it
// as execve(2) loads, seals the copy (fcntl(2), F_ADD_SEALS) so that not even
// root may write to it, and returns its descriptor, for a child to execute
// (Command::program_file). The copy exists for as long as the descriptor is
// open or the copy is being executed.
//
// If a process inside a container ran from the program's own file, the
// container could reach that file through /proc/PID/exe (CVE-2019-5736).
// Errors: those of memfd_create(2), sendfile(2) and F_ADD_SEALS; EACCES if the
// sysctl vm.memfd_noexec forbids executing files in memory.
absl::StatusOr<UniqueFd> SealedCopyOfThisProgram();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SEALED_PROGRAM_H_
