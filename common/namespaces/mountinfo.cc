#include "common/namespaces/mountinfo.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

// The fields before the optional ones, and those after the " - ":
// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root
// rw,errors=continue
constexpr size_t kId = 0;
constexpr size_t kDevice = 2;
constexpr size_t kRoot = 3;
constexpr size_t kMountPoint = 4;
constexpr size_t kFixedFields = 6;
constexpr size_t kFieldsAfterSeparator = 3;

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes a space, tab, newline and backslash in a field, and a comma
// in a super option, as a backslash and three octal digits.
std::string Unescape(absl::string_view field) {
  std::string text;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && IsOctal(field[i + 1]) &&
        IsOctal(field[i + 2]) && IsOctal(field[i + 3])) {
      text.push_back(static_cast<char>((field[i + 1] - '0') * 64 +
                                       (field[i + 2] - '0') * 8 +
                                       (field[i + 3] - '0')));
      i += 3;
    } else {
      text.push_back(field[i]);
    }
  }
  return text;
}

// Returns the device number in `field`, such as "98:0".
dev_t ParseDevice(absl::string_view field) {
  const std::pair<absl::string_view, absl::string_view> numbers =
      absl::StrSplit(field, absl::MaxSplits(':', 1));
  unsigned int major_number = 0;
  unsigned int minor_number = 0;
  return absl::SimpleAtoi(numbers.first, &major_number) &&
                 absl::SimpleAtoi(numbers.second, &minor_number)
             ? makedev(major_number, minor_number)
             : 0;
}

// #region parse-line
absl::StatusOr<Mount> ParseLine(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
  const auto separator =
      fields.size() < kFixedFields
          ? fields.end()
          : std::find(fields.begin() + kFixedFields, fields.end(), "-");
  if (fields.end() - separator <=
      static_cast<ptrdiff_t>(kFieldsAfterSeparator)) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a line of mountinfo: \"", line, "\""));
  }
  Mount mount;
  // 0, which no mount has, for what is no number.
  if (!absl::SimpleAtoi(fields[kId], &mount.id)) {
    mount.id = 0;
  }
  mount.device = ParseDevice(fields[kDevice]);
  mount.root = Unescape(fields[kRoot]);
  mount.mount_point = Unescape(fields[kMountPoint]);
  for (auto tag = fields.begin() + kFixedFields; tag != separator; ++tag) {
    mount.propagation.emplace_back(*tag);
  }
  mount.type = Unescape(separator[1]);
  mount.source = Unescape(separator[2]);
  for (const absl::string_view option : absl::StrSplit(separator[3], ',')) {
    mount.super_options.push_back(Unescape(option));
  }
  return mount;
}
// #endregion parse-line

}  // namespace

absl::StatusOr<std::vector<Mount>> ParseMountInfo(absl::string_view text) {
  std::vector<Mount> mounts;
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    ASSIGN_OR_RETURN(Mount mount, ParseLine(line));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

absl::StatusOr<std::vector<Mount>> ReadMountInfo() {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadKernelFile("/proc/self/mountinfo"));
  return ParseMountInfo(text);
}

const Mount* FindMount(const std::vector<Mount>& mounts,
                       const std::string& mount_point) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.mount_point == mount_point) {
      found = &mount;
    }
  }
  return found;
}

std::string DescribePropagation(const Mount& mount) {
  bool shared = false;
  bool slave = false;
  for (const std::string& tag : mount.propagation) {
    shared = shared || absl::StartsWith(tag, "shared:");
    slave = slave || absl::StartsWith(tag, "master:");
    if (tag == "unbindable") {
      return tag;
    }
  }
  return shared && slave ? "shared and slave"
         : shared        ? "shared"
         : slave         ? "slave"
                         : "private";
}

}  // namespace mydocker
