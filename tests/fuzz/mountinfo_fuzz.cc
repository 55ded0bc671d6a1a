// ParseMountInfo: its result, written as the kernel would write it, parses to
// the same mounts.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/namespaces/mountinfo.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

std::string Escaped(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == ',') {
      absl::StrAppendFormat(&escaped, "\\%03o", c);
    } else {
      escaped.push_back(c);
    }
  }
  return escaped;
}

std::string Line(const Mount& mount) {
  std::vector<std::string> fields = {
      "36", "35", "98:0", Escaped(mount.root), Escaped(mount.mount_point),
      "rw"};
  fields.insert(fields.end(), mount.propagation.begin(),
                mount.propagation.end());
  fields.push_back("-");
  fields.push_back(Escaped(mount.type));
  fields.push_back(Escaped(mount.source));
  fields.push_back(absl::StrJoin(
      mount.super_options, ",",
      [](std::string* out, absl::string_view o) { out->append(Escaped(o)); }));
  return absl::StrJoin(fields, " ") + "\n";
}

bool AreEqual(const Mount& one, const Mount& other) {
  return one.root == other.root && one.mount_point == other.mount_point &&
         one.propagation == other.propagation && one.type == other.type &&
         one.source == other.source && one.super_options == other.super_options;
}

void Check(absl::string_view text) {
  const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(text);
  if (!mounts.ok()) {
    // It quotes a line, and that line alone is an error, too.
    PROPERTY(absl::StrContains(mounts.status().message(), "mountinfo"));
    return;
  }
  const std::vector<absl::string_view> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  PROPERTY(mounts->size() == lines.size());
  std::string written;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Mount& mount = (*mounts)[i];
    PROPERTY(!mount.super_options.empty());
    for (const std::string& tag : mount.propagation) {
      PROPERTY(tag != "-");
    }
    // A line alone means the same.
    const absl::StatusOr<std::vector<Mount>> alone = ParseMountInfo(lines[i]);
    PROPERTY(alone.ok() && alone->size() == 1 && AreEqual((*alone)[0], mount));
    written += Line(mount);
  }
  const absl::StatusOr<std::vector<Mount>> again = ParseMountInfo(written);
  PROPERTY(again.ok() && again->size() == mounts->size());
  for (size_t i = 0; i < mounts->size(); ++i) {
    PROPERTY(AreEqual((*again)[i], (*mounts)[i]));
  }
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
