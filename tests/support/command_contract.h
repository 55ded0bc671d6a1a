// What every chapter's program promises about the command that it runs: its
// arguments, exit status, streams, environment and end are what they would be
// without a container. A chapter's test asks for these tests, of files
// contract_*.cc, with
//
//     INSTANTIATE_TEST_SUITE_P(UtsNs, CommandContract, kRoot, CallerName);

#ifndef MYDOCKER_TESTS_SUPPORT_COMMAND_CONTRACT_H_
#define MYDOCKER_TESTS_SUPPORT_COMMAND_CONTRACT_H_

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"

namespace blackbox {

// Who starts the program.
enum class Caller { kRootUser, kOrdinaryUser };

inline const auto kRoot = testing::Values(Caller::kRootUser);
inline const auto kRootAndOrdinaryUser =
    testing::Values(Caller::kRootUser, Caller::kOrdinaryUser);

// How GoogleTest shows the parameter of a test that fails.
inline void PrintTo(Caller caller, std::ostream* stream) {
  *stream << (caller == Caller::kRootUser ? "root" : "an ordinary user");
}

inline std::string CallerName(const testing::TestParamInfo<Caller>& info) {
  return info.param == Caller::kRootUser ? "Root" : "OrdinaryUser";
}

class CommandContract : public ContainerTest,
                        public testing::WithParamInterface<Caller> {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (GetParam() == Caller::kOrdinaryUser) {
      SKIP_IF(WhyNoUserNamespaces(kOrdinaryUser));
    }
  }

  // The program under test, started by this caller, with these words behind its
  // name and what the chapter needs there.
  static Invocation Words(const std::vector<std::string>& words) {
    Invocation invocation = {.args = ChapterUnderTest().before_command};
    invocation.args.insert(invocation.args.end(), words.begin(), words.end());
    if (GetParam() == Caller::kOrdinaryUser) {
      invocation.uid = kOrdinaryUser;
    }
    return invocation;
  }

  // The same, with a shell that runs `script` as command.
  static Invocation Shell(const std::string& script) {
    return Words({"sh", "-c", script});
  }
};

// The same for a program whose command, if none is given, is sh.
class ShellContract : public CommandContract {};

// For a program with a PID namespace, from chapter 3 on.
class PidContract : public CommandContract {};

// For the same, started by an interactive shell.
class JobControlContract : public CommandContract {};

// For a program with a mount namespace, from chapter 4 on.
class MountContract : public CommandContract {};

// For one that also lets the reader choose -propagation.
class PropagationFlagContract : public CommandContract {};

// For a program with a user namespace, from chapter 5 on.
class UserContract : public CommandContract {};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_COMMAND_CONTRACT_H_
