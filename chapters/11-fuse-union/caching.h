// What the kernel may cache of our answers, so that it need not ask again. In
// user space each question costs two process switches, and the fastest answer
// is the one that nobody asks for.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Each of them can be turned off, to measure its worth.
struct Caching {
  bool timeouts = true;     // Names and attributes, indefinitely.
  bool keep_cache = true;   // Content of files and directories after close(2).
  bool writeback = true;    // Writes are sent later, and in one piece.
  bool readdirplus = true;  // A listing comes with the attributes.
  bool splice = true;       // Content is not copied through our memory.
  bool passthrough = true;  // Reads and writes bypass our process.

  // How many seconds names and attributes stay valid. Long, because layers
  // change only through the union.
  double Timeout() const { return timeouts ? 1e9 : 0; }
};

// Returns all kinds of caching except those in `without`, a comma-separated
// list of the names above with dashes for underscores. Errors: InvalidArgument
// for any other name.
absl::StatusOr<Caching> CachingWithout(absl::string_view without);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_CACHING_H_
