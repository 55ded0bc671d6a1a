// ParseCpuList: its result, written in the shortest form, parses to the same
// CPUs.

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/cpu_list.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

std::string Written(const std::set<int>& cpus) {
  std::vector<std::string> ranges;
  for (auto cpu = cpus.begin(); cpu != cpus.end();) {
    const int first = *cpu;
    int last = first;
    while (++cpu != cpus.end() && *cpu == last + 1) {
      last = *cpu;
    }
    ranges.push_back(first == last ? absl::StrCat(first)
                                   : absl::StrCat(first, "-", last));
  }
  return absl::StrJoin(ranges, ",");
}

void Check(absl::string_view text) {
  const absl::StatusOr<std::set<int>> cpus = ParseCpuList(text);
  CpuList list;
  std::string error;
  PROPERTY(AbslParseFlag(text, &list, &error) == cpus.ok());
  if (!cpus.ok()) {
    PROPERTY(error == cpus.status().message() && !error.empty());
    PROPERTY(list.text.empty());
    return;
  }
  PROPERTY(text.find_first_not_of("0123456789-,") == absl::string_view::npos);
  PROPERTY(cpus->empty() == text.empty());
  PROPERTY(cpus->empty() || (*cpus->begin() >= 0 && *cpus->rbegin() <= 65535));
  PROPERTY(ParseCpuList(Written(*cpus)) == cpus);
  PROPERTY(AbslUnparseFlag(list) == text);
  // Neither order nor repetition matters.
  PROPERTY(text.empty() || ParseCpuList(absl::StrCat(text, ",", text)) == cpus);
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
