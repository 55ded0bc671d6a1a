// From chapter 12.
//
// Users by name: /etc/passwd (passwd(5)) and /etc/group (group(5)). Not by
// getpwnam(3), which reads the files of its own choice, and in a static program
// loads libraries from the container.

#ifndef MYDOCKER_COMMON_PRIVILEGES_USERS_H_
#define MYDOCKER_COMMON_PRIVILEGES_USERS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Who a process is, with the names of the OCI.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> additional_gids;
};

// What -u asks for: names or numbers.
struct UserWords {
  std::string user;
  std::string group;  // Empty: not given.
};

// Returns the words of USER[:GROUP]. Errors: InvalidArgument if one of them is
// empty, or if there are more.
absl::StatusOr<UserWords> ParseUserWords(absl::string_view text);

// A user, and the directory that is its HOME.
struct Account {
  User user;
  std::string home;
};

// Returns the user that `words` ask for, according to the content of an
// /etc/passwd and an /etc/group; lines that are not of their form are skipped,
// and the first that fits counts. As in Docker:
//
//  - a word of digits is a number, even if a user has that name; a number needs
//    no entry in the files. Such a user's group is 0, and its home /;
//  - without a group it is the user's own, and the additional ones are those
//    that have the user as a member; with a group there are no others;
//  - the group is always among the additional ones: else a set-group-ID program
//    would leave it, and could use what is denied to it (CVE-2022-36109).
//
// Errors: NotFound if a name is not in its file; InvalidArgument for a number
// that is none of a user: 4294967295, which stands for "unchanged", or more.
absl::StatusOr<Account> FindAccount(const UserWords& words,
                                    absl::string_view passwd,
                                    absl::string_view group);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PRIVILEGES_USERS_H_
