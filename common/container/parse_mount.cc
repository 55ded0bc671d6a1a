#include "common/container/parse_mount.h"

#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/files/mount_options.h"
#include "common/files/volumes.h"

namespace mydocker {
namespace {

constexpr absl::string_view kOptionsOfVolumes[] = {
    "ro", "rw", "nosuid", "nodev", "noexec", "rprivate", "rslave", "rshared"};
constexpr absl::string_view kOptionsOfTmpfs[] = {
    "ro",   "rw",    "nosuid", "suid", "nodev", "dev",        "noexec",
    "exec", "size=", "mode=",  "uid=", "gid=",  "nr_inodes=", "nr_blocks="};

// Returns the absolute `path` without "." and "..", and with one slash where
// there are more.
std::string Normal(absl::string_view path) {
  std::vector<absl::string_view> parts;
  for (const absl::string_view part :
       absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  return absl::StrCat("/", absl::StrJoin(parts, "/"));
}

absl::StatusOr<std::string> ParseTarget(absl::string_view target) {
  if (!absl::StartsWith(target, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("the target \"", target,
                     "\" is no path from the container's root: it must begin "
                     "with a slash"));
  }
  std::string normal = Normal(target);
  if (normal == "/") {
    return absl::InvalidArgumentError(
        "the target is the container's root; -rootfs and -layer give it that");
  }
  if (normal == "/proc" || absl::StartsWith(normal, "/proc/")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the target ", normal, " is in /proc, whose files are the kernel's"));
  }
  return normal;
}

// Whether `known` has the option, or "NAME=" for an option with a value.
template <typename Known>
bool IsKnown(const std::string& option, const Known& known) {
  const size_t equals = option.find('=');
  if (equals == std::string::npos) {
    return absl::c_linear_search(known, option);
  }
  return equals + 1 < option.size() &&
         absl::c_linear_search(known, option.substr(0, equals + 1));
}

// Returns the options in `text`, separated by commas.
template <typename Known>
absl::StatusOr<std::vector<std::string>> ParseOptions(absl::string_view text,
                                                      const Known& known) {
  std::vector<std::string> options = absl::StrSplit(text, ',');
  std::set<std::string> decided;
  for (const std::string& option : options) {
    if (!IsKnown(option, known)) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no option \"", option, "\" here; there are ",
                       absl::StrJoin(known, ", ")));
    }
    absl::string_view question = QuestionOf(option);
    if (question.empty()) {
      question = absl::string_view(option).substr(0, option.find('='));
    }
    if (!decided.emplace(question).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the option \"", option,
                       "\" says again, or takes back, what another one says"));
    }
  }
  return options;
}

absl::StatusOr<std::string> ParseSource(absl::string_view source) {
  if (!absl::StrContains(source, '/') && !absl::StartsWith(source, ".")) {
    if (IsVolumeName(source)) {
      return PathOfVolume(source);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("the source \"", source,
                     "\" is neither a path, which has a slash, nor the name of "
                     "a volume: letters and digits, and behind the first also "
                     "_ . -"));
  }
  // Not Normal: the host has links, and link/.. is not what it looks like.
  return std::string(source);
}

absl::StatusOr<MountSpec> ParseVolumeWords(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ':');
  if (words.size() < 2 || words.size() > 3) {
    return absl::InvalidArgumentError(
        "expected SOURCE:TARGET or SOURCE:TARGET:OPTIONS");
  }
  MountSpec mount;
  mount.type = "bind";
  ASSIGN_OR_RETURN(mount.source, ParseSource(words[0]));
  ASSIGN_OR_RETURN(mount.destination, ParseTarget(words[1]));
  mount.options = {"rbind"};
  if (words.size() == 3) {
    ASSIGN_OR_RETURN(const std::vector<std::string> options,
                     ParseOptions(words[2], kOptionsOfVolumes));
    mount.options.insert(mount.options.end(), options.begin(), options.end());
  }
  if (absl::c_none_of(mount.options, [](const std::string& option) {
        return QuestionOf(option) == "propagation";
      })) {
    mount.options.emplace_back("rprivate");
  }
  return mount;
}

absl::StatusOr<MountSpec> ParseTmpfsWords(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> words =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  MountSpec mount;
  mount.type = "tmpfs";
  mount.source = "tmpfs";
  ASSIGN_OR_RETURN(mount.destination, ParseTarget(words.first));
  mount.options = {"nosuid", "nodev", "noexec"};
  if (words.first.size() < text.size()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> options,
                     ParseOptions(words.second, kOptionsOfTmpfs));
    mount.options.insert(mount.options.end(), options.begin(), options.end());
  }
  return mount;
}

template <typename T>
absl::StatusOr<T> Named(absl::string_view flag, absl::string_view text,
                        absl::StatusOr<T> parsed) {
  if (!parsed.ok()) {
    return WithContext(absl::StrCat(flag, " ", text), parsed.status());
  }
  return parsed;
}

}  // namespace

absl::StatusOr<MountSpec> ParseVolume(absl::string_view text) {
  return Named("-v", text, ParseVolumeWords(text));
}

absl::StatusOr<MountSpec> ParseTmpfs(absl::string_view text) {
  return Named("-tmpfs", text, ParseTmpfsWords(text));
}

absl::Status ArrangeMounts(std::vector<MountSpec>& mounts) {
  std::set<absl::string_view> targets;
  for (const MountSpec& mount : mounts) {
    if (!targets.insert(mount.destination).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the target ", mount.destination, " is given twice"));
    }
  }
  // As Docker does: what lies deeper is mounted later.
  absl::c_stable_sort(mounts, [](const MountSpec& one, const MountSpec& other) {
    return absl::c_count(one.destination, '/') <
           absl::c_count(other.destination, '/');
  });
  return absl::OkStatus();
}

}  // namespace mydocker
