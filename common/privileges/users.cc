#include "common/privileges/users.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// An entry of /etc/passwd: name:password:uid:gid:comment:home:shell.
struct PasswdEntry {
  absl::string_view name;
  uid_t uid = 0;
  gid_t gid = 0;
  absl::string_view home;
};

// An entry of /etc/group: name:password:gid:member,member.
struct GroupEntry {
  absl::string_view name;
  gid_t gid = 0;
  std::vector<absl::string_view> members;
};

bool IsNumber(absl::string_view word) {
  return !word.empty() && absl::c_all_of(word, absl::ascii_isdigit);
}

// Nothing if it is no number, or not one of a user or group.
std::optional<uint32_t> ParseId(absl::string_view word) {
  uint32_t id = 0;
  if (!IsNumber(word) || !absl::SimpleAtoi(word, &id) ||
      id == std::numeric_limits<uint32_t>::max()) {
    return std::nullopt;
  }
  return id;
}

absl::StatusOr<uint32_t> ParseAskedId(absl::string_view word) {
  const std::optional<uint32_t> id = ParseId(word);
  if (!id.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(word,
                     " is no user's or group's number: they go from 0 to "
                     "4294967294"));
  }
  return *id;
}

std::optional<PasswdEntry> ParsePasswdLine(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
  if (fields.size() < 4) {
    return std::nullopt;
  }
  const std::optional<uint32_t> uid = ParseId(fields[2]);
  const std::optional<uint32_t> gid = ParseId(fields[3]);
  if (fields[0].empty() || !uid.has_value() || !gid.has_value()) {
    return std::nullopt;
  }
  return PasswdEntry{fields[0], *uid, *gid,
                     fields.size() > 5 ? fields[5] : absl::string_view()};
}

std::optional<GroupEntry> ParseGroupLine(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
  if (fields.size() < 3) {
    return std::nullopt;
  }
  const std::optional<uint32_t> gid = ParseId(fields[2]);
  if (fields[0].empty() || !gid.has_value()) {
    return std::nullopt;
  }
  GroupEntry entry = {fields[0], *gid, {}};
  if (fields.size() > 3) {
    entry.members = absl::StrSplit(fields[3], ',', absl::SkipEmpty());
  }
  return entry;
}

// Returns the entries of the lines that have the file's form.
template <typename Entry>
std::vector<Entry> ParseLines(
    absl::string_view text,
    std::optional<Entry> (*parse_line)(absl::string_view)) {
  std::vector<Entry> entries;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (std::optional<Entry> entry = parse_line(line); entry.has_value()) {
      entries.push_back(*std::move(entry));
    }
  }
  return entries;
}

// The kernel's limit is NGROUPS_MAX; a user in so many has a strange file.
constexpr size_t kMostGroups = 65536;

// Returns the groups that have `name` as a member, each once.
std::vector<gid_t> GroupsOf(absl::string_view name,
                            const std::vector<GroupEntry>& groups) {
  std::vector<gid_t> gids;
  for (const GroupEntry& group : groups) {
    if (absl::c_linear_search(group.members, name)) {
      gids.push_back(group.gid);
    }
  }
  absl::c_sort(gids);
  gids.erase(std::unique(gids.begin(), gids.end()), gids.end());
  gids.resize(std::min(gids.size(), kMostGroups));
  return gids;
}

// Returns the number of the group that `word` names.
absl::StatusOr<gid_t> FindGroup(absl::string_view word,
                                const std::vector<GroupEntry>& groups) {
  if (IsNumber(word)) {
    return ParseAskedId(word);
  }
  const auto group = absl::c_find_if(
      groups, [word](const GroupEntry& entry) { return entry.name == word; });
  if (group == groups.end()) {
    return absl::NotFoundError(absl::StrCat(
        "there is no group \"", word, "\" in the container's /etc/group"));
  }
  return group->gid;
}

}  // namespace

absl::StatusOr<UserWords> ParseUserWords(absl::string_view text) {
  const std::vector<std::string> words = absl::StrSplit(std::string(text), ':');
  if (words.size() > 2 || words.front().empty() || words.back().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("-u ", text, ": expected USER or USER:GROUP"));
  }
  return UserWords{words[0], words.size() == 2 ? words[1] : ""};
}

// #region find-account
absl::StatusOr<Account> FindAccount(const UserWords& words,
                                    absl::string_view passwd,
                                    absl::string_view group) {
  Account account = {{}, "/"};
  std::optional<uid_t> number;
  if (IsNumber(words.user)) {
    ASSIGN_OR_RETURN(number, ParseAskedId(words.user));
    account.user.uid = *number;
  }
  const std::vector<PasswdEntry> users = ParseLines(passwd, ParsePasswdLine);
  const auto user = absl::c_find_if(users, [&](const PasswdEntry& entry) {
    return number.has_value() ? entry.uid == *number : entry.name == words.user;
  });
  if (user == users.end() && !number.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("there is no user \"", words.user,
                     "\" in the container's /etc/passwd; a number needs none"));
  }
  const std::vector<GroupEntry> groups = ParseLines(group, ParseGroupLine);
  if (user != users.end()) {
    account.user = {user->uid, user->gid, GroupsOf(user->name, groups)};
    account.home = user->home.empty() ? "/" : std::string(user->home);
  }
  if (!words.group.empty()) {
    account.user.additional_gids.clear();
    ASSIGN_OR_RETURN(account.user.gid, FindGroup(words.group, groups));
  }
  std::vector<gid_t>& additional = account.user.additional_gids;
  if (!absl::c_linear_search(additional, account.user.gid)) {
    additional.insert(additional.begin(), account.user.gid);
    additional.resize(std::min(additional.size(), kMostGroups));
  }
  return account;
}
// #endregion find-account

}  // namespace mydocker
