#include "common/files/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/files/attributes.h"
#include "common/files/layer.h"

namespace mydocker {
namespace {

// What a layer knows of a directory: that it has it, or that lower layers do
// not count.
struct Answer {
  UniqueFd directory;
  bool is_last_word = false;
};

Answer Ask(const std::string& layer, const std::string& name) {
  Answer answer;
  answer.directory =
      UniqueFd(open(layer.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const absl::string_view part :
       absl::StrSplit(name, '/', absl::SkipEmpty())) {
    answer.is_last_word = answer.is_last_word || IsOpaque(answer.directory);
    answer.directory =
        UniqueFd(openat(answer.directory.get(), std::string(part).c_str(),
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!answer.directory.valid()) {
      // Anything else, a whiteout for example, hides what is below it.
      answer.is_last_word = answer.is_last_word || errno != ENOENT;
      return answer;
    }
  }
  return answer;
}

}  // namespace

absl::Status Inherit(const std::vector<std::string>& below,
                     const std::string& name, const UniqueFd& directory) {
  for (auto layer = below.rbegin(); layer != below.rend(); ++layer) {
    const Answer answer = Ask(*layer, name);
    if (answer.directory.valid()) {
      return CopyAttributes(answer.directory, directory);
    }
    if (answer.is_last_word) {
      break;
    }
  }
  if (fchown(directory.get(), 0, 0) != 0 ||
      fchmod(directory.get(), 0755) != 0) {
    return ErrnoError(errno, "give it owner and permissions");
  }
  return absl::OkStatus();
}

}  // namespace mydocker
