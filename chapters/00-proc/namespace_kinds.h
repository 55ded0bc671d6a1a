// The kinds of namespaces, as namespaces(7) lists them.

#ifndef MYDOCKER_CHAPTERS_00_PROC_NAMESPACE_KINDS_H_
#define MYDOCKER_CHAPTERS_00_PROC_NAMESPACE_KINDS_H_

#include <sched.h>

#include <cstdint>

namespace mydocker {

struct NamespaceKind {
  const char* name;     // In /proc/PID/ns, and in user.max_NAME_namespaces.
  uint64_t clone_flag;  // Of clone(2) and unshare(2).
  const char* of;       // What it gives to a process of its own.
};

inline constexpr NamespaceKind kNamespaceKinds[] = {
    {"uts", CLONE_NEWUTS, "host name"},
    {"ipc", CLONE_NEWIPC, "message queues"},
    {"pid", CLONE_NEWPID, "process numbers"},
    {"mnt", CLONE_NEWNS, "mounts"},
    {"user", CLONE_NEWUSER, "users and capabilities"},
    {"net", CLONE_NEWNET, "network"},
    {"cgroup", CLONE_NEWCGROUP, "view of the cgroups"},
    {"time", CLONE_NEWTIME, "clocks since boot"},
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_NAMESPACE_KINDS_H_
