// A container of `mydocker run` that waits until the test lets it end, so that
// the test can inspect it from the host.

#ifndef MYDOCKER_TESTS_SUPPORT_HELD_CONTAINER_H_
#define MYDOCKER_TESTS_SUPPORT_HELD_CONTAINER_H_

#include <string>
#include <vector>

#include "tests/support/cgroups.h"
#include "tests/support/program.h"

namespace blackbox {

class HeldContainer {
 public:
  // Starts `run -ti FLAGS sh -c …` and waits until the shell is there. It runs
  // `first`, which prints nothing, says "ready" and waits.
  explicit HeldContainer(const std::vector<std::string>& flags = {},
                         const std::string& first = ":");
  // The same, started as `invocation` says; `invocation.args` are ignored.
  HeldContainer(const std::vector<std::string>& flags, const std::string& first,
                Invocation invocation);

  // `run`, on the host.
  Process& run() { return run_; }
  // The container's process 1, by its number on the host.
  pid_t init() const { return init_; }
  ContainerCgroups Cgroups() const { return ContainerCgroups(init_); }

  // Lets the shell end with this exit status and waits for `run`.
  Result End(int exit_status = 0);

 private:
  Process run_;
  pid_t init_ = 0;
};

// The words `run`, `flags`, `command`, one after the other.
std::vector<std::string> RunWords(const std::vector<std::string>& flags,
                                  const std::vector<std::string>& command);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_HELD_CONTAINER_H_
