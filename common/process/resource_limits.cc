#include "common/process/resource_limits.h"

#include <errno.h>
#include <sys/resource.h>

#include <iterator>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

struct Kind {
  absl::string_view name;
  int number;
};

// Those of Docker, and address space.
constexpr Kind kKinds[] = {
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
};

const Kind* FindKind(absl::string_view name) {
  const auto* kind =
      absl::c_find_if(kKinds, [name](const Kind& k) { return k.name == name; });
  return kind == std::end(kKinds) ? nullptr : kind;
}

std::string Names() {
  return absl::StrJoin(kKinds, ", ", [](std::string* out, const Kind& kind) {
    absl::StrAppend(out, kind.name);
  });
}

// Nothing for what is no number.
std::optional<uint64_t> ParseLimit(absl::string_view text) {
  uint64_t number = 0;
  if (text == "-1") {
    return kUnlimited;
  }
  // SimpleAtoi takes spaces around the number, and a sign.
  if (text.empty() || !absl::c_all_of(text, absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &number)) {
    return std::nullopt;
  }
  return number;
}

std::string Shown(uint64_t limit) {
  return limit == kUnlimited ? "-1" : absl::StrCat(limit);
}

}  // namespace

// #region parse-ulimit
absl::StatusOr<ResourceLimit> ParseUlimit(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (FindKind(parts.first) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("-ulimit ", text, ": there is no limit \"", parts.first,
                     "\"; there are ", Names()));
  }
  // Not of a view without data, as behind a missing "=": that has no parts.
  const std::vector<std::string> numbers =
      absl::StrSplit(std::string(parts.second), ':');
  const std::optional<uint64_t> soft = ParseLimit(numbers.front());
  const std::optional<uint64_t> hard = ParseLimit(numbers.back());
  if (numbers.size() > 2 || !soft.has_value() || !hard.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("-ulimit ", text,
                     ": expected NAME=SOFT or NAME=SOFT:HARD, two numbers; -1 "
                     "is no limit"));
  }
  if (*soft > *hard) {
    return absl::InvalidArgumentError(absl::StrCat(
        "-ulimit ", text, ": the soft limit is above the hard one"));
  }
  return ResourceLimit{
      absl::StrCat("RLIMIT_", absl::AsciiStrToUpper(parts.first)), *soft,
      *hard};
}
// #endregion parse-ulimit

absl::Status SetResourceLimits(const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    absl::string_view name = limit.type;
    const Kind* kind = absl::ConsumePrefix(&name, "RLIMIT_")
                           ? FindKind(absl::AsciiStrToLower(name))
                           : nullptr;
    if (kind == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no limit \"", limit.type, "\""));
    }
    const rlimit value = {limit.soft, limit.hard};
    if (setrlimit(static_cast<__rlimit_resource>(kind->number), &value) != 0) {
      const int error = errno;
      return ErrnoError(
          error,
          absl::StrCat("set the limit ", kind->name, " to ", Shown(limit.soft),
                       ":", Shown(limit.hard)),
          error == EPERM
              ? absl::StrCat("the caller may not raise it so far: see ulimit "
                             "-Ha",
                             kind->number == RLIMIT_NOFILE
                                 ? " and /proc/sys/fs/nr_open"
                                 : "")
              : "");
    }
  }
  return absl::OkStatus();
}

}  // namespace mydocker
