// The cgroups' files: a number in a line with its name (memory.events,
// pids.events), a number alone (memory.peak), names in a line
// (cgroup.controllers). The first line of an input is the name to look for, the
// rest is the file's content.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"
#include "common/cgroup/hierarchy.h"
#include "common/namespaces/mountinfo.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

// A folder with one file, cgroup.controllers; removed at the end.
class Folder {
 public:
  Folder() { PROPERTY(mkdtemp(path_.data()) != nullptr); }
  ~Folder() {
    unlink(File().c_str());
    rmdir(path_.c_str());
  }
  const std::string& path() const { return path_; }
  std::string File() const { return path_ + "/cgroup.controllers"; }
  void Fill(absl::string_view content) const {
    const UniqueFd file(
        open(File().c_str(), O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR));
    PROPERTY(file.valid() && WriteAll(file.get(), content).ok());
  }

 private:
  std::string path_ = "/tmp/cgroup_files_fuzz.XXXXXX";
};

// The number after `key` in the first line that has one there; digits only, as
// the kernel writes it.
std::optional<uint64_t> Expected(absl::string_view key,
                                 const std::vector<std::string>& lines) {
  for (const absl::string_view line : lines) {
    const size_t digits = key.size() + 1;
    unsigned __int128 number = 0;
    size_t i = digits;
    if (!absl::StartsWith(line, absl::StrCat(key, " "))) {
      continue;
    }
    for (; i < line.size() && absl::ascii_isdigit(line[i]); ++i) {
      number = std::min<unsigned __int128>(number * 10 + (line[i] - '0'),
                                           (unsigned __int128){1} << 64);
    }
    if (i == line.size() && i > digits &&
        number <= std::numeric_limits<uint64_t>::max()) {
      return static_cast<uint64_t>(number);
    }
  }
  return std::nullopt;
}

// Returns whether a number has other spaces or signs: the kernel does not write
// them, so their meaning is irrelevant.
bool HasOtherNumbers(const std::vector<std::string>& lines) {
  return absl::c_any_of(lines, [](absl::string_view line) {
    return absl::StrContains(line, "  ") || absl::EndsWith(line, " ") ||
           line.find_first_of("+-\t\v\f\r") != absl::string_view::npos;
  });
}

void CheckNumbers(const std::string& file, absl::string_view key,
                  const std::vector<std::string>& lines) {
  if (HasOtherNumbers(lines) || absl::StrContains(key, ' ')) {
    return;
  }
  const absl::StatusOr<uint64_t> keyed = ReadKeyedNumber(file, key);
  const std::optional<uint64_t> expected = Expected(key, lines);
  PROPERTY(keyed.ok() == expected.has_value());
  PROPERTY(!keyed.ok() || *keyed == *expected);
  PROPERTY(keyed.ok() || absl::IsNotFound(keyed.status()));
}

// A file is accepted as a single number only if it is written as one.
void CheckNumberAlone(const std::string& file, absl::string_view text) {
  const absl::StatusOr<uint64_t> number = ReadNumber(file);
  PROPERTY(number.ok() || absl::IsFailedPrecondition(number.status()));
  if (number.ok()) {
    const absl::string_view digits = absl::StripAsciiWhitespace(text);
    PROPERTY(absl::EndsWith(digits, absl::StrCat(*number)));
  }
}

void Check(absl::string_view input) {
  static const Folder folder;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(input, absl::MaxSplits('\n', 1));
  const auto [key, content] = parts;
  folder.Fill(content);

  const absl::StatusOr<std::string> text = ReadKernelFile(folder.File());
  PROPERTY(text.ok());
  PROPERTY(*text == content || *text + "\n" == content);
  PROPERTY(!absl::EndsWith(content, "\n") || text->size() < content.size());

  CheckNumbers(folder.File(), key, absl::StrSplit(*text, '\n'));
  CheckNumberAlone(folder.File(), *text);

  const absl::StatusOr<Hierarchy> hierarchy = FindHierarchy(
      {{.root = "/", .mount_point = folder.path(), .type = "cgroup2"}}, key);
  // A whole word: beside it there is only a space or an end.
  PROPERTY(hierarchy.ok() == (!absl::StrContains(key, ' ') &&
                              absl::StrContains(absl::StrCat(" ", *text, " "),
                                                absl::StrCat(" ", key, " "))));
  PROPERTY(!hierarchy.ok() || hierarchy->mount_point == folder.path());
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
