#include "common/process/interruption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/process/supervisor.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

TEST(InterruptionTest, IsASignalThatWaits) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    InFork([signal] {
      const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
      ASSERT_THAT(supervisor, IsOk());
      raise(SIGUSR1);  // Not for us.
      EXPECT_THAT(CheckForInterruption(), IsOk());
      raise(signal);
      EXPECT_THAT(CheckForInterruption(),
                  HasCode(absl::StatusCode::kCancelled));
      // What comes back has its effect; this process is not to die of it.
      ::signal(signal, SIG_IGN);
      ::signal(SIGUSR1, SIG_IGN);
    });
  }
}

}  // namespace
}  // namespace mydocker
