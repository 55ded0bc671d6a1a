#include "chapters/11-fuse-union/caching.h"

#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mydocker {

absl::StatusOr<Caching> CachingWithout(absl::string_view without) {
  Caching caching;
  const std::map<absl::string_view, bool*> names = {
      {"timeouts", &caching.timeouts},   {"keep-cache", &caching.keep_cache},
      {"writeback", &caching.writeback}, {"readdirplus", &caching.readdirplus},
      {"splice", &caching.splice},       {"passthrough", &caching.passthrough}};
  for (const absl::string_view name :
       absl::StrSplit(without, ',', absl::SkipEmpty())) {
    const auto found = names.find(name);
    if (found == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "-without \"", name,
          "\": there are timeouts, keep-cache, writeback, readdirplus, splice "
          "and passthrough"));
    }
    *found->second = false;
  }
  return caching;
}

}  // namespace mydocker
