#include "common/cgroup/cpu_list.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

constexpr int kMaxCpu = 65535;

absl::StatusOr<int> ParseCpu(absl::string_view text) {
  int cpu = 0;
  // SimpleAtoi alone would also take spaces and a sign.
  if (text.empty() ||
      text.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(text, &cpu) || cpu > kMaxCpu) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text,
                     "\" is not the number of a CPU; expected a list such as "
                     "0 or 0-1,3"));
  }
  return cpu;
}

}  // namespace

absl::StatusOr<std::set<int>> ParseCpuList(absl::string_view text) {
  std::set<int> cpus;
  if (text.empty()) {
    return cpus;
  }
  for (const absl::string_view range : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> ends =
        absl::StrSplit(range, absl::MaxSplits('-', 1));
    ASSIGN_OR_RETURN(const int first, ParseCpu(ends.front()));
    ASSIGN_OR_RETURN(const int last, ParseCpu(ends.back()));
    if (last < first) {
      return absl::InvalidArgumentError(
          absl::StrCat("the range ", range, " runs backwards"));
    }
    for (int cpu = first; cpu <= last; ++cpu) {
      cpus.insert(cpu);
    }
  }
  return cpus;
}

bool AbslParseFlag(absl::string_view text, CpuList* list, std::string* error) {
  const absl::StatusOr<std::set<int>> cpus = ParseCpuList(text);
  if (!cpus.ok()) {
    *error = std::string(cpus.status().message());
    return false;
  }
  list->text = std::string(text);
  return true;
}

std::string AbslUnparseFlag(const CpuList& list) { return list.text; }

}  // namespace mydocker
