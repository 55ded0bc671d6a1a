#include "common/container/log_start.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/verbose.h"

namespace mydocker {

void LogStart(const Child& container, const CgroupManager& cgroups) {
  LogStep(absl::StrCat("started init as process ", container.pid(),
                       " in new uts, ipc, pid, mnt and net namespaces"));
  for (const std::string& path : cgroups.Paths()) {
    LogStep(absl::StrCat("process ", container.pid(), " is in ", path));
  }
}

}  // namespace mydocker
