#include "common/base/program.h"

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {

int RunProgram(absl::string_view name,
               absl::FunctionRef<absl::StatusOr<int>()> body) {
  if (const absl::Status opened = OpenMissingStandardStreams(); !opened.ok()) {
    return ReportFailure(name, opened);
  }
  const absl::StatusOr<int> exit_status = body();
  return exit_status.ok() ? *exit_status
                          : ReportFailure(name, exit_status.status());
}

}  // namespace mydocker
