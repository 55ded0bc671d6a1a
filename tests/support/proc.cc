#include "tests/support/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

std::string FileOf(pid_t pid, const std::string& name) {
  return absl::StrCat("/proc/", pid, "/", name);
}

std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator i(directory, error), end;
       !error && i != end; i.increment(error)) {
    names.push_back(i->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Everything after the name in /proc/PID/stat: state, parent, … The name is in
// parentheses and may hold anything, parentheses too.
std::vector<std::string> StatFields(pid_t pid) {
  const std::string stat = ReadFile(FileOf(pid, "stat"));
  const size_t end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) {
    return {};
  }
  return absl::StrSplit(stat.substr(end_of_name + 1), ' ', absl::SkipEmpty());
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<std::string> ReadLines(const std::string& path) {
  return absl::StrSplit(ReadFile(path), '\n', absl::SkipEmpty());
}

std::vector<std::string> StatusField(pid_t pid, const std::string& field) {
  for (const std::string& line : ReadLines(FileOf(pid, "status"))) {
    std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (!words.empty() && words[0] == field + ":") {
      words.erase(words.begin());
      return words;
    }
  }
  return {};
}

std::vector<pid_t> NamespacePids(pid_t pid) {
  std::vector<pid_t> pids;
  for (const std::string& word : StatusField(pid, "NSpid")) {
    pids.push_back(atoi(word.c_str()));
  }
  return pids;
}

std::map<std::string, std::string> NamespacesOf(pid_t pid) {
  std::map<std::string, std::string> namespaces;
  for (const std::string& kind : NamesIn(FileOf(pid, "ns"))) {
    // The namespace for future children is not one that the process is in.
    if (kind == "pid_for_children" || kind == "time_for_children") {
      continue;
    }
    std::error_code error;
    const std::filesystem::path link = std::filesystem::read_symlink(
        FileOf(pid, absl::StrCat("ns/", kind)), error);
    if (!error) {
      namespaces[kind] = link;
    }
  }
  return namespaces;
}

std::set<std::string> NamespacesThatDiffer(pid_t one, pid_t other) {
  std::map<std::string, std::string> others = NamespacesOf(other);
  std::set<std::string> kinds;
  for (const auto& [kind, link] : NamespacesOf(one)) {
    if (others[kind] != link) {
      kinds.insert(kind);
    }
  }
  return kinds;
}

std::set<int> OpenFiles(pid_t pid) {
  std::set<int> files;
  for (const std::string& name : NamesIn(FileOf(pid, "fd"))) {
    files.insert(atoi(name.c_str()));
  }
  return files;
}

std::vector<std::string> ArgumentsOf(pid_t pid) {
  std::vector<std::string> arguments =
      absl::StrSplit(ReadFile(FileOf(pid, "cmdline")), '\0');
  arguments.pop_back();  // After the last one's terminating null.
  return arguments;
}

std::vector<pid_t> DescendantsOf(pid_t pid) {
  std::multimap<pid_t, pid_t> children;
  for (const std::string& name : NamesIn("/proc")) {
    int number = 0;
    int parent = 0;
    if (!absl::SimpleAtoi(name, &number)) {
      continue;
    }
    const std::vector<std::string> fields = StatFields(number);
    if (fields.size() > 1 && absl::SimpleAtoi(fields[1], &parent)) {
      children.emplace(parent, number);
    }
  }
  std::vector<pid_t> descendants = {pid};
  for (size_t i = 0; i < descendants.size(); ++i) {
    const auto [begin, end] = children.equal_range(descendants[i]);
    for (auto child = begin; child != end; ++child) {
      descendants.push_back(child->second);
    }
  }
  descendants.erase(descendants.begin());
  return descendants;
}

bool IsAlive(pid_t pid) {
  const std::vector<std::string> fields = StatFields(pid);
  return !fields.empty() && fields[0] != "Z" && fields[0] != "X";
}

std::string Describe(pid_t pid) {
  const std::vector<std::string> fields = StatFields(pid);
  const std::vector<std::string> name = ReadLines(FileOf(pid, "comm"));
  return absl::StrCat("process ", pid, " (", name.empty() ? "gone" : name[0],
                      ") in state ", fields.empty() ? "?" : fields[0]);
}

bool WaitForEnd(pid_t pid) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    return true;  // It has ended and is reaped already.
  }
  const bool ended = WaitReadable(pidfd);
  close(pidfd);
  return ended;
}

pid_t FindInit(pid_t pid) {
  pid_t init = 0;
  const size_t outside = NamespacePids(getpid()).size();
  WaitUntil([&] {
    for (const pid_t descendant : DescendantsOf(pid)) {
      const std::vector<pid_t> pids = NamespacePids(descendant);
      if (pids.size() > outside && pids.back() == 1) {
        init = descendant;
      }
    }
    return init != 0;
  });
  return init;
}

std::string AskInside(pid_t pid, const std::vector<std::string>& kinds,
                      const std::function<std::string()>& look) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return "";
  }
  // In a child, so that the test itself stays where it is.
  const pid_t child = fork();
  if (child == 0) {
    for (const std::string& kind : kinds) {
      const int ns = open(FileOf(pid, absl::StrCat("ns/", kind)).c_str(),
                          O_RDONLY | O_CLOEXEC);
      if (ns < 0 || setns(ns, 0) != 0) {
        _exit(EXIT_FAILURE);
      }
    }
    const std::string answer = look();
    // An answer is a few words, far less than a pipe holds.
    const bool told = write(ends[1], answer.data(), answer.size()) ==
                      static_cast<ssize_t>(answer.size());
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  close(ends[1]);
  std::string answer;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = read(ends[0], buffer, sizeof(buffer))) > 0) {
    answer.append(buffer, size);
  }
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return answer;
}

}  // namespace blackbox
