// Makes the kernel refuse system calls: proves that no failing step is ignored.
//
// Each function is for Invocation::before_exec and applies to the program and
// all its children (seccomp(2)).

#ifndef MYDOCKER_TESTS_SUPPORT_FAULTS_H_
#define MYDOCKER_TESTS_SUPPORT_FAULTS_H_

namespace blackbox {

// Every mount(2) fails with EPERM, as where a security module forbids it.
bool RefuseMounts();

// Every mount(2) without flags fails with ENODEV, as for a type of file system
// that the kernel does not have. (A filter sees only numbers, no strings; only
// overlays are mounted without flags.)
bool RefuseMountsWithoutFlags();

// Every pivot_root(2) fails with EPERM.
bool RefuseNewRoots();

// Every open for writing only fails with EPERM. That is how a program opens the
// kernel's files. Opening to read, or to read and write, still works.
bool RefuseWriting();

// Creating a file without a name (open(2), O_TMPFILE) fails with EOPNOTSUPP, as
// on some file systems.
bool RefuseNamelessFiles();

// Kills a process that gives a file a name, whether new or replacing another
// file.
bool DieOfNaming();

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_FAULTS_H_
