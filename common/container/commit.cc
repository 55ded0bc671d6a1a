#include "common/container/commit.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/files/pack_layer.h"
#include "common/process/supervisor.h"

namespace mydocker {
namespace {

// Returns the archive's path, beside the directory. A directory without a name
// here, such as "." or "a/..", is called by its whole path.
absl::StatusOr<std::string> ArchiveOf(const std::string& directory) {
  const std::filesystem::path path =
      directory.substr(0, directory.find_last_not_of('/') + 1);
  const std::string name = path.filename();
  if (!name.empty() && name != "." && name != "..") {
    return absl::StrCat(path.string(), ".tar");
  }
  std::error_code error;
  const std::string whole = std::filesystem::canonical(directory, error);
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("pack ", directory));
  }
  if (whole == "/") {
    return absl::InvalidArgumentError(absl::StrCat(
        "pack ", directory, ": nothing can lie beside the host's root"));
  }
  return absl::StrCat(whole, ".tar");
}

}  // namespace

absl::StatusOr<int> CommitUpper(const std::vector<std::string>& words) {
  if (words.size() != 1 || words[0].empty()) {
    return absl::InvalidArgumentError(
        "one directory is to be packed: mydocker commit DIR");
  }
  // Keeps signals pending until temporary files are removed.
  ASSIGN_OR_RETURN(const Supervisor supervisor, Supervisor::Create());
  ASSIGN_OR_RETURN(const std::string archive, ArchiveOf(words[0]));
  ASSIGN_OR_RETURN(const LayerInfo layer, PackLayer(words[0], archive));
  RETURN_IF_ERROR(WriteAll(
      STDOUT_FILENO,
      absl::StrCat(layer.id, "  ", layer.bytes, " B  ", archive, "\n")));
  return 0;
}

}  // namespace mydocker
