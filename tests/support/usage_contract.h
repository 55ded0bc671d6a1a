// Command lines that a program has to refuse: in one line that tells what is
// wrong, with exit status 125, and before anything is done. A chapter's test
// asks for the test, of contract_usage.cc, with
//
//     INSTANTIATE_TEST_SUITE_P(RunInit, UsageContract,
//                              testing::ValuesIn(…), BadCommandLineName);

#ifndef MYDOCKER_TESTS_SUPPORT_USAGE_CONTRACT_H_
#define MYDOCKER_TESTS_SUPPORT_USAGE_CONTRACT_H_

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/container_test.h"

namespace blackbox {

// Its name, its words, and what the one line must mention for the reader to see
// what is wrong: the flag, the value. The command should be one that would
// leave a trace, if it ran: a file in the directory that the fixture watches.
struct BadCommandLine {
  std::string name;
  std::vector<std::string> args;
  std::vector<std::string> mentions;
};

void PrintTo(const BadCommandLine& line, std::ostream* stream);
std::string BadCommandLineName(
    const testing::TestParamInfo<BadCommandLine>& info);

class UsageContract : public ContainerTest,
                      public testing::WithParamInterface<BadCommandLine> {};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_USAGE_CONTRACT_H_
