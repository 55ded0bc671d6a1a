#include <sched.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/errors.h"
#include "common/cgroup/hierarchy.h"
#include "common/namespaces/mountinfo.h"
#include "doctor/chapters.h"
#include "doctor/controller_trial.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

absl::Status TryProgram() {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadCgroupMounts());
  ASSIGN_OR_RETURN(const Hierarchy memory, FindHierarchy(mounts, "memory"));
  RETURN_IF_ERROR(TryController(memory, "memory"));
  return Try(
      InNamespaces(CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS, {MakePrivate}));
}

}  // namespace

ChapterTrial TryCgroupMemory() {
  return {"7 cgroup-memory",
          TryProgram(),
          {{"cgroups", "memory"}, {"tools", "stress"}},
          true};
}

}  // namespace mydocker
