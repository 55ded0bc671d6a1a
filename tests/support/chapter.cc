#include "tests/support/chapter.h"

#include <errno.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace blackbox {

[[gnu::weak]] const Chapter& ChapterUnderTest() {
  static const Chapter chapter = [] {
    for (const auto& entry : std::filesystem::directory_iterator("chapters")) {
      const std::string folder = entry.path().filename();
      const std::string name = absl::StrReplaceAll(
          folder.substr(folder.find('-') + 1), {{"-", "_"}});
      if (absl::StartsWith(program_invocation_short_name, name + "_")) {
        return Chapter{.folder = folder};
      }
    }
    return Chapter{};
  }();
  return chapter;
}

}  // namespace blackbox
