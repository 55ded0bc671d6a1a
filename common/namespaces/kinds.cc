#include "common/namespaces/kinds.h"

#include <sched.h>

namespace mydocker {

constexpr std::array<NamespaceKind, 8> kNamespaceKinds = {{
    {"uts", CLONE_NEWUTS, "host name"},
    {"ipc", CLONE_NEWIPC, "message queues"},
    {"pid", CLONE_NEWPID, "process numbers"},
    {"mnt", CLONE_NEWNS, "mounts"},
    {"user", CLONE_NEWUSER, "users and capabilities"},
    {"net", CLONE_NEWNET, "network"},
    {"cgroup", CLONE_NEWCGROUP, "view of the cgroups"},
    {"time", CLONE_NEWTIME, "clocks since boot"},
}};

}  // namespace mydocker
