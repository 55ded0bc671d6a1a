#include "common/files/mount_options.h"

#include <sys/mount.h>

#include <cstdint>
#include <iterator>

#include "absl/algorithm/container.h"

namespace mydocker {
namespace {

struct Option {
  absl::string_view name;
  absl::string_view question;
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
};

// #region options
// "rw" and the like clear nothing: what the host has mounted read-only is not
// for a volume to open.
constexpr Option kOptions[] = {
    {"ro", "ro", MOUNT_ATTR_RDONLY, 0, 0},
    {"rw", "ro", 0, MOUNT_ATTR_RDONLY, 0},
    {"nosuid", "suid", MOUNT_ATTR_NOSUID, 0, 0},
    {"suid", "suid", 0, MOUNT_ATTR_NOSUID, 0},
    {"nodev", "dev", MOUNT_ATTR_NODEV, 0, 0},
    {"dev", "dev", 0, MOUNT_ATTR_NODEV, 0},
    {"noexec", "exec", MOUNT_ATTR_NOEXEC, 0, 0},
    {"exec", "exec", 0, MOUNT_ATTR_NOEXEC, 0},
    {"rprivate", "propagation", 0, 0, MS_PRIVATE},
    {"rslave", "propagation", 0, 0, MS_SLAVE},
    {"rshared", "propagation", 0, 0, MS_SHARED},
    {"rbind", "bind", 0, 0, 0},
};
// #endregion options

const Option* Find(absl::string_view name) {
  const auto* option = absl::c_find_if(
      kOptions, [name](const Option& o) { return o.name == name; });
  return option == std::end(kOptions) ? nullptr : option;
}

}  // namespace

MountOptions SortOptions(const std::vector<std::string>& options) {
  MountOptions sorted;
  sorted.attributes.propagation = MS_PRIVATE;
  for (const std::string& name : options) {
    const Option* option = Find(name);
    if (option == nullptr) {
      sorted.data.push_back(name);
      continue;
    }
    sorted.attributes.set =
        (sorted.attributes.set | option->set) & ~option->clear;
    if (option->propagation != 0) {
      sorted.attributes.propagation = option->propagation;
    }
  }
  return sorted;
}

absl::string_view QuestionOf(absl::string_view option) {
  const Option* found = Find(option);
  return found == nullptr ? "" : found->question;
}

}  // namespace mydocker
