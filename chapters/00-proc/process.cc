#include "chapters/00-proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "chapters/00-proc/proc_files.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/report.h"

namespace mydocker {
namespace {

// Shows at most this many of a list's items.
constexpr size_t kMost = 12;

// "3: 0, 1, 2", or "40: 0, 1, 2, …"
std::string CountAndShow(const std::vector<int>& numbers) {
  const bool all = numbers.size() <= kMost;
  const std::vector<int> shown(numbers.begin(),
                               all ? numbers.end() : numbers.begin() + kMost);
  return absl::StrCat(numbers.size(), numbers.empty() ? "" : ": ",
                      absl::StrJoin(shown, ", "), all ? "" : ", …");
}

// An argument as one would type it in a shell.
std::string QuoteForShell(const std::string& argument) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-+=./,:@%";
  if (!argument.empty() &&
      argument.find_first_not_of(kPlain) == std::string::npos) {
    return argument;
  }
  return absl::StrCat("'", absl::StrReplaceAll(argument, {{"'", "'\\''"}}),
                      "'");
}

// The parts of a file, each terminated by a null byte.
std::vector<std::string> SplitAtNulls(std::string content) {
  if (!content.empty() && content.back() == '\0') {
    content.pop_back();
  }
  return content.empty() ? std::vector<std::string>()
                         : absl::StrSplit(content, '\0');
}

std::string DescribeCommandLine(const std::string& cmdline) {
  const std::vector<std::string> arguments = SplitAtNulls(cmdline);
  return arguments.empty()
             ? "none: a thread of the kernel"
             : absl::StrJoin(arguments, " ",
                             [](std::string* out, const std::string& argument) {
                               out->append(QuoteForShell(argument));
                             });
}

// proc(5) calls it a link; a kernel thread has no program to link to.
absl::StatusOr<std::string> DescribeLink(pid_t pid, absl::string_view name) {
  absl::StatusOr<std::string> target = ReadProcLink(pid, name);
  return ErrnoOf(target.status()) == ENOENT ? "nothing: a thread of the kernel"
                                            : target;
}

// #region stat
// The fields of /proc/PID/stat after the name, which is in parentheses and may
// contain anything: state, parent, …
absl::StatusOr<std::string> DescribeStat(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string stat, ReadProcFile(pid, "stat"));
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(stat.rfind(')') + 1), ' ', absl::SkipEmpty());
  return absl::StrCat("state ", fields.at(0), ", child of ", fields.at(1), ", ",
                      fields.size() + 2, " numbers and names in all");
}
// #endregion stat

absl::StatusOr<std::string> DescribeMemory(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string statm, ReadProcFile(pid, "statm"));
  const std::vector<std::string> fields = absl::StrSplit(statm, ' ');
  return absl::StrCat(fields.at(0), " pages of ", sysconf(_SC_PAGESIZE),
                      " bytes mapped, ", fields.at(1), " of them in memory");
}

absl::StatusOr<std::string> DescribeStatus(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string name, ReadStatusField(pid, "Name"));
  ASSIGN_OR_RETURN(const std::string state, ReadStatusField(pid, "State"));
  ASSIGN_OR_RETURN(const std::string uids, ReadStatusField(pid, "Uid"));
  ASSIGN_OR_RETURN(const std::string numbers, ReadStatusField(pid, "NSpid"));
  ASSIGN_OR_RETURN(const std::string threads, ReadStatusField(pid, "Threads"));
  const absl::StatusOr<std::string> resident = ReadStatusField(pid, "VmRSS");
  return absl::StrCat(
      name, ", ", state, ", uid ", uids.substr(0, uids.find(' ')),
      ", in its PID namespaces ", numbers, ", threads: ", threads,
      resident.ok() ? absl::StrCat(", ", *resident, " in memory") : "");
}

std::string DescribeMem(pid_t pid) {
  const UniqueFd mem(open(ProcPath(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
  return mem.valid() ? "this user may open it" : "not for this user";
}

// Reads a file about the process's memory. A kernel thread has no memory of its
// own: newer kernels then return ESRCH, older ones an empty file.
absl::StatusOr<std::string> ReadMemoryFile(pid_t pid, absl::string_view name) {
  absl::StatusOr<std::string> content = ReadProcFile(pid, name);
  return ErrnoOf(content.status()) == ESRCH ? "" : content;
}

size_t CountLines(absl::string_view text) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  return lines.size();
}

}  // namespace

absl::StatusOr<pid_t> FindProcess(const std::string& word) {
  if (word == "self") {
    return getpid();
  }
  const bool digits = word.find_first_not_of("0123456789") == std::string::npos;
  if (word.empty() || !digits ||
      absl::c_all_of(word, [](char c) { return c == '0'; })) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", word,
        "\" is no process number: give one as ps shows it, or self"));
  }
  pid_t pid = 0;
  if (!absl::SimpleAtoi(word, &pid) ||
      access(ProcPath(pid, "").c_str(), F_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no process ", word, " in this PID namespace"));
  }
  ASSIGN_OR_RETURN(const std::string state, ReadStatusField(pid, "State"));
  if (absl::StartsWith(state, "Z") || absl::StartsWith(state, "X")) {
    return absl::FailedPreconditionError(
        absl::StrCat("process ", pid,
                     " has ended: a zombie, whose parent has not yet asked for "
                     "its exit status"));
  }
  return pid;
}

absl::StatusOr<Section> DescribeFiles(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string cmdline, ReadProcFile(pid, "cmdline"));
  ASSIGN_OR_RETURN(const std::string cwd, DescribeLink(pid, "cwd"));
  ASSIGN_OR_RETURN(const std::string environ, ReadMemoryFile(pid, "environ"));
  ASSIGN_OR_RETURN(const std::string exe, DescribeLink(pid, "exe"));
  ASSIGN_OR_RETURN(const std::vector<int> files, ListProcNumbers(pid, "fd"));
  ASSIGN_OR_RETURN(const std::string maps, ReadMemoryFile(pid, "maps"));
  ASSIGN_OR_RETURN(const std::string root, DescribeLink(pid, "root"));
  ASSIGN_OR_RETURN(const std::string stat, DescribeStat(pid));
  ASSIGN_OR_RETURN(const std::string statm, DescribeMemory(pid));
  ASSIGN_OR_RETURN(const std::string status, DescribeStatus(pid));
  Section section = {"files", absl::StrCat("What is in /proc/", pid), {}};
  const auto add = [&section](const char* file, absl::string_view what,
                              absl::string_view value) {
    section.rows.push_back(
        {file, Verdict::kNone, absl::StrCat(what, ": ", value)});
  };
  add("cmdline", "its command line", DescribeCommandLine(cmdline));
  add("cwd", "a link to the directory it is in", cwd);
  add("environ", "its environment",
      absl::StrCat(SplitAtNulls(environ).size(), " variables"));
  add("exe", "a link to its program", exe);
  add("fd", "its open files", CountAndShow(files));
  add("maps", "what is mapped into its memory",
      absl::StrCat(CountLines(maps), " regions"));
  add("mem", "its memory, for debuggers", DescribeMem(pid));
  add("root", "a link to its root directory", root);
  add("stat", "its state, for programs", stat);
  add("statm", "how much memory it has", statm);
  add("status", "its state, for people", status);
  return section;
}

}  // namespace mydocker
