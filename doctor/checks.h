// The doctor's checks, one function for each topic. None of them fails: what
// cannot be determined becomes a row that says so. None leaves anything behind.

#ifndef MYDOCKER_DOCTOR_CHECKS_H_
#define MYDOCKER_DOCTOR_CHECKS_H_

#include "common/base/report.h"

namespace mydocker {

// Kernel, architecture, user, swap, the propagation of "/", overlayfs,
// FUSE.
// Section "machine".
Section CheckMachine();

// Each kind of namespace: makes one in a child, and reads its limit in
// /proc/sys/user. Section "namespaces".
Section CheckNamespaces();

// User namespaces for users who are not root, and the settings with which
// distributions forbid them. Section "user-namespaces".
Section CheckUserNamespaces();

// Which versions of cgroups are mounted, and for each controller its hierarchy
// and whether a cgroup can be made, limited and entered there. Section
// "cgroups".
Section CheckCgroups();

// The programs that the pages use, by the package that provides them. Section
// "tools".
Section CheckTools();

// For each chapter, whether it is ready. `report` holds the sections above;
// anything else that the chapter's combination of namespaces needs is tried
// here. Section "chapters"; its verdicts are
//
//     OK       everything on the chapter's page works for this user
//     LIMITED  its program works, but not for this user, or not all of it
//     NO       its program does not work
Section CheckChapters(const Report& report);

// Returns whether `report` says OK of every chapter.
bool IsEveryChapterReady(const Report& report);

}  // namespace mydocker

#endif  // MYDOCKER_DOCTOR_CHECKS_H_
