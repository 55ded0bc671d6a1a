// FindAccount: an image's /etc/passwd and /etc/group can be anything. The input
// is -u's words, the two files, each up to a byte 0.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/privileges/users.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

constexpr uid_t kNone = static_cast<uid_t>(-1);

void Check(absl::string_view input) {
  std::vector<std::string> parts =
      absl::StrSplit(input, absl::MaxSplits('\0', 2));
  parts.resize(3);
  const absl::StatusOr<UserWords> words = ParseUserWords(parts[0]);
  if (!words.ok()) {
    return;
  }
  PROPERTY(!words->user.empty());
  const absl::StatusOr<Account> account =
      FindAccount(*words, parts[1], parts[2]);
  const bool is_number =
      words->user.find_first_not_of("0123456789") == std::string::npos;
  if (!account.ok()) {
    // A number needs no entry, so only it itself or the group can be wrong.
    PROPERTY(!is_number || words->user.size() > 9 || !words->group.empty());
    return;
  }
  const User& user = account->user;
  PROPERTY(user.uid != kNone && user.gid != kNone);
  PROPERTY(!is_number || user.uid == std::stoul(words->user));
  PROPERTY(!account->home.empty());
  const std::vector<gid_t>& groups = user.additional_gids;
  // The group itself is the first, unless the user is a member of it.
  PROPERTY(std::count(groups.begin(), groups.end(), user.gid) == 1);
  PROPERTY(std::is_sorted(groups.begin() + 1, groups.end()));
  PROPERTY(std::set<gid_t>(groups.begin(), groups.end()).size() ==
           groups.size());
  PROPERTY(groups.back() != kNone);
  PROPERTY(words->group.empty() || groups.size() == 1);
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
