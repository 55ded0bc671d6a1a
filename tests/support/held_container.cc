#include "tests/support/held_container.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/proc.h"

namespace blackbox {
namespace {

Invocation Held(const std::vector<std::string>& flags, const std::string& first,
                Invocation invocation) {
  std::vector<std::string> all_flags = {"-ti"};
  all_flags.insert(all_flags.end(), flags.begin(), flags.end());
  invocation.args = RunWords(
      all_flags,
      {"sh", "-c", first + "\necho ready; read status; exit ${status:-0}"});
  return invocation;
}

}  // namespace

std::vector<std::string> RunWords(const std::vector<std::string>& flags,
                                  const std::vector<std::string>& command) {
  std::vector<std::string> words = {"run"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

HeldContainer::HeldContainer(const std::vector<std::string>& flags,
                             const std::string& first)
    : HeldContainer(flags, first, {}) {}

HeldContainer::HeldContainer(const std::vector<std::string>& flags,
                             const std::string& first, Invocation invocation)
    : run_(Held(flags, first, std::move(invocation))) {
  const std::string line = run_.ReadLine();
  EXPECT_EQ(line, "ready");
  if (line != "ready") {
    return;
  }
  init_ = FindInit(run_.pid());
  EXPECT_NE(init_, 0) << "run has no child that is process 1 of a PID "
                      << "namespace of its own";
}

Result HeldContainer::End(int exit_status) {
  run_.Write(absl::StrCat(exit_status, "\n"));
  return run_.Wait();
}

}  // namespace blackbox
