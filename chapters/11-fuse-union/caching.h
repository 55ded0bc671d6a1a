// What the kernel may keep of our answers, so as not to ask again. In user
// space each question costs two switches of processes, and the fastest answer
// is the one that nobody asks for.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Each of them may be switched off, to see what it is good for.
struct Caching {
  bool timeouts = true;     // Names and attributes, for as long as it likes.
  bool keep_cache = true;   // Content of files and directories after close(2).
  bool writeback = true;    // What is written is sent later, and in one piece.
  bool readdirplus = true;  // A listing comes with the attributes.
  bool splice = true;       // Content passes by our memory.
  bool passthrough = true;  // Reading and writing pass by our process.

  // How many seconds names and attributes are valid: nobody changes a layer
  // but through the union.
  double Timeout() const { return timeouts ? 1e9 : 0; }
};

// Returns all but those in `without`, a list of names with commas between, as
// they stand above but with dashes. Errors: InvalidArgument for another name.
absl::StatusOr<Caching> CachingWithout(absl::string_view without);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_
