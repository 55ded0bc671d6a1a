#include "tests/support/hosts_shell.h"

#include <iterator>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/proc.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {

Invocation InHostsShell(const std::string& shell, Invocation invocation,
                        std::vector<std::string> words) {
  words.insert(words.end(), invocation.args.begin(), invocation.args.end());
  invocation.args = words;
  invocation.program = shell;
  if (invocation.uid.has_value()) {
    invocation.environment = {
        {"PATH=/usr/bin:/bin", "RUN=" + CopyForEverybody(ProgramPath())}};
  }
  return invocation;
}

HostsShell::HostsShell(const Invocation& invocation)
    : Terminal(InHostsShell("bash", invocation,
                            {"--norc", "--noprofile", "-i", "-s", "--"})) {
  // In two parts, so that the typed text does not look like the prompt.
  Type("bind 'set enable-bracketed-paste off'; PS1='host''> '\n");
  AwaitPrompt();
}

pid_t HostsShell::FindProgram() {
  pid_t program = 0;
  EXPECT_TRUE(WaitUntil([&] {
    for (const pid_t child : DescendantsOf(pid())) {
      if (StatusField(child, "PPid") == std::vector{absl::StrCat(pid())} &&
          ArgumentsOf(child) != ArgumentsOf(pid())) {
        program = child;
      }
    }
    return program != 0;
  }));
  return program;
}

void HostsShell::End() {
  Type("exit 0\n");
  EXPECT_THAT(Wait(), ExitsWith(0));
}

bool WaitForState(pid_t pid, const std::string& state) {
  return WaitUntil([&] {
    const std::vector<std::string> now = StatusField(pid, "State");
    return !now.empty() && now[0] == state;
  });
}

pid_t ForegroundOf(pid_t pid) {
  // Field 8 of stat (proc(5)). The name, field 2, must have no spaces.
  std::istringstream stat(ReadFile(absl::StrCat("/proc/", pid, "/stat")));
  const std::vector<std::string> fields{
      std::istream_iterator<std::string>(stat), {}};
  return fields.size() > 7 ? std::stoi(fields[7]) : 0;
}

}  // namespace blackbox
