#include "tests/support/container_test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

// Makes the host described in the header, once for all tests of the process.
// Returns why that failed; empty on success.
std::string EnterHost() {
  if (geteuid() != 0) {
    return "these tests need root: sudo make test";
  }
  if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
    return absl::StrCat("the test may not make namespaces: ", strerror(errno));
  }
  // First private, so that no mount propagates to the real host, then shared
  // with the namespaces cloned from this one.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
    return absl::StrCat("/ is no mount point here: ", strerror(errno));
  }
  // Orphans become our children, so that none escapes the check.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A program that does not read its input must not end the test.
  signal(SIGPIPE, SIG_IGN);
  return "";
}

}  // namespace

void ContainerTest::SetUp() {
  static const std::string why_not = EnterHost();
  SKIP_IF(why_not);
  ASSERT_EQ(access(ProgramPath().c_str(), X_OK), 0)
      << ProgramPath() << ": " << strerror(errno)
      << "; build it, or name your own program with RUN=path";
  MakeWorkspace();
  before_ = std::make_unique<HostState>(HostState::Now());
}

void ContainerTest::TearDown() {
  if (before_ == nullptr) {
    return;
  }
  ExpectUnchanged(*before_);
  RemoveWorkspace();
}

}  // namespace blackbox
