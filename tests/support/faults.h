// Kernels that refuse: to prove that no failing step is ignored.
//
// Each function is for Invocation::before_exec and holds for the program and
// all its children (seccomp(2)).

#ifndef MYDOCKER_TESTS_SUPPORT_FAULTS_H_
#define MYDOCKER_TESTS_SUPPORT_FAULTS_H_

namespace blackbox {

// Every mount(2) fails with EPERM, as where a security module forbids it.
bool RefuseMounts();

// Every mount(2) without flags fails with ENODEV, as for a type of file system
// that the kernel does not have. (A filter sees only numbers, no names; only
// overlays are mounted without flags.)
bool RefuseMountsWithoutFlags();

// Every pivot_root(2) fails with EPERM.
bool RefuseNewRoots();

// No file can be opened for writing only: EPERM. That is how a program opens
// the kernel's files. Reading, and reading and writing, go on as ever.
bool RefuseWriting();

// No file can be without a name (open(2), O_TMPFILE): EOPNOTSUPP, as on some
// file systems.
bool RefuseNamelessFiles();

// A process that gives a file a name, new or replacing another's, is killed.
bool DieOfNaming();

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_FAULTS_H_
