// From chapter 8.
//
// Sets of CPUs as the kernel writes them: 0-3,7 (cpuset(7), "List format").

#ifndef MYDOCKER_COMMON_CGROUP_CPU_LIST_H_
#define MYDOCKER_COMMON_CGROUP_CPU_LIST_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Returns the CPUs that `text` names: numbers and ranges, separated by commas.
// An empty text names none. Errors: InvalidArgument if it is not of that form,
// if a range runs backwards, or for a number above 65535.
absl::StatusOr<std::set<int>> ParseCpuList(absl::string_view text);

// A list of CPUs as the type of an Abseil flag. An empty text stands for "not
// given"; a text that ParseCpuList refuses is refused as a flag's value.
struct CpuList {
  std::string text;
};
bool AbslParseFlag(absl::string_view text, CpuList* list, std::string* error);
std::string AbslUnparseFlag(const CpuList& list);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CPU_LIST_H_
