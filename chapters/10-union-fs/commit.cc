#include "chapters/10-union-fs/commit.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/files/layer.h"
#include "common/process/supervisor.h"

namespace mydocker {

absl::StatusOr<int> CommitUpper(const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return absl::InvalidArgumentError(
        "one directory is to be packed: mydocker commit DIR");
  }
  // Until tar has come to its end, and what it needed is removed.
  ASSIGN_OR_RETURN(const Supervisor supervisor, Supervisor::Create());
  const std::string upper =
      words[0].substr(0, words[0].find_last_not_of('/') + 1);
  const std::string archive = absl::StrCat(upper, ".tar");
  ASSIGN_OR_RETURN(const LayerInfo layer, PackLayer(upper, archive));
  RETURN_IF_ERROR(WriteAll(
      STDOUT_FILENO,
      absl::StrCat(layer.id, "  ", layer.bytes, " B  ", archive, "\n")));
  return 0;
}

}  // namespace mydocker
