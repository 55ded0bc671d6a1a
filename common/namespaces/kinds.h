// From chapter 1.
//
// The kinds of namespaces, as namespaces(7) lists them.

#ifndef MYDOCKER_COMMON_NAMESPACES_KINDS_H_
#define MYDOCKER_COMMON_NAMESPACES_KINDS_H_

#include <array>
#include <cstdint>

namespace mydocker {

struct NamespaceKind {
  const char* name;     // In /proc/PID/ns, and in user.max_NAME_namespaces.
  uint64_t clone_flag;  // Of clone(2) and unshare(2).
  const char* of;       // What it isolates: a process gets its own.
};

extern const std::array<NamespaceKind, 8> kNamespaceKinds;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_KINDS_H_
