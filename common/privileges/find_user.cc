#include "common/privileges/find_user.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/files/in_root.h"

namespace mydocker {
namespace {

// Whoever made the image chose the size.
constexpr size_t kMostBytes = 1 << 24;

}  // namespace

absl::StatusOr<Account> FindUser(const UniqueFd& root,
                                 const std::string& text) {
  ASSIGN_OR_RETURN(const UserWords words,
                   ParseUserWords(text.empty() ? "0" : text));
  ASSIGN_OR_RETURN(const std::string passwd,
                   ReadInRoot(root, "/etc/passwd", kMostBytes));
  ASSIGN_OR_RETURN(const std::string group,
                   ReadInRoot(root, "/etc/group", kMostBytes));
  absl::StatusOr<Account> account = FindAccount(words, passwd, group);
  if (!account.ok()) {
    return WithContext(absl::StrCat("-u ", text), account.status());
  }
  return account;
}

}  // namespace mydocker
