#include "common/cgroup/subsystem.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/base/verbose.h"

namespace mydocker {

absl::Status Subsystem::Apply(const Cgroup& cgroup, pid_t pid) {
  RETURN_IF_ERROR(cgroup.Attach(pid));
  LogStep(absl::StrCat("process ", pid, " entered ", cgroup.path()));
  return absl::OkStatus();
}

absl::Status Subsystem::Remove(Cgroup& cgroup) {
  const std::string path = cgroup.path();
  RETURN_IF_ERROR(cgroup.Remove());
  LogStep(absl::StrCat("removed ", path));
  return absl::OkStatus();
}

absl::Status Subsystem::Write(const Cgroup& cgroup, absl::string_view file,
                              absl::string_view value) {
  const std::string path = cgroup.File(file);
  RETURN_IF_ERROR(WriteKernelFile(path, value));
  LogStep(absl::StrCat("wrote ", value, " to ", path));
  return absl::OkStatus();
}

}  // namespace mydocker
