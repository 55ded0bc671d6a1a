// From chapter 12.
//
// What a container is, as data: the fields, names and nesting of the OCI's
// config.json (runtime-spec, config.md), as far as the chapters have come.
// `run` makes a Spec of its flags, and `init` does what it says.

#ifndef MYDOCKER_COMMON_CONTAINER_SPEC_H_
#define MYDOCKER_COMMON_CONTAINER_SPEC_H_

#include <map>
#include <string>
#include <vector>

#include "common/cgroup/subsystem.h"
#include "common/privileges/users.h"
#include "common/process/resource_limits.h"

namespace mydocker {

// #region spec
// Its first process.
struct ProcessSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;  // "NAME=VALUE"
  std::string cwd;               // Empty: the caller's.
  User user;
  std::vector<ResourceLimit> rlimits;
};

// The directory that becomes its "/".
struct RootSpec {
  std::string path;  // Empty: it sees the host's files.
  bool readonly = false;
};

// What is mounted there, in this order; besides what each container has
// (container/own_files.h).
struct MountSpec {
  std::string destination;
  std::string type;  // "bind" or "tmpfs"
  std::string source;
  std::vector<std::string> options;  // mount(8): "ro", "nosuid", "size=64m", …
};

struct NamespaceSpec {
  std::string type;  // "pid", "mount", …
};

struct LinuxSpec {
  std::string cgroups_path;  // From the root of each hierarchy.
  std::vector<NamespaceSpec> namespaces;
  ResourceConfig resources;
};

struct Spec {
  std::string oci_version = "1.0.2";
  ProcessSpec process;
  RootSpec root;
  std::string hostname;  // Empty: the host's.
  std::string domainname;
  std::vector<MountSpec> mounts;
  LinuxSpec linux;
  // What the OCI has no field for.
  std::map<std::string, std::string> annotations;
};

// Where its layers lie, if root.path is a mount of them (LayeredFiles).
inline constexpr char kLayersAnnotation[] = "mydocker.layers";
// Its user as -u has it. Names are looked up in the container's own files, so
// not before these are mounted; until then, process.user has only numbers.
inline constexpr char kUserAnnotation[] = "mydocker.user";
// Whether init logs its steps: "true".
inline constexpr char kVerboseAnnotation[] = "mydocker.verbose";
// #endregion spec

// Returns the value of an annotation; empty if there is none.
std::string Annotation(const Spec& spec, const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_SPEC_H_
