#include "common/base/container_id.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>

#include "absl/strings/escaping.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

constexpr size_t kBytes = 6;  // Two digits each.

}  // namespace

absl::StatusOr<std::string> NewContainerId() {
  std::array<char, kBytes> bytes;
  if (TEMP_FAILURE_RETRY(getrandom(bytes.data(), bytes.size(), 0)) !=
      static_cast<ssize_t>(bytes.size())) {
    return ErrnoError(errno, "get random bytes for a container id");
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

bool IsContainerId(absl::string_view name) {
  return name.size() == 2 * kBytes &&
         name.find_first_not_of("0123456789abcdef") == absl::string_view::npos;
}

}  // namespace mydocker
