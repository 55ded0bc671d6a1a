#include "common/process/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// The error for `error`, with Docker's exit status for it.
absl::Status UnfitError(int error, absl::string_view doing,
                        absl::string_view hint = "") {
  const bool not_found = error == ENOENT || error == ENOTDIR;
  return WithExitStatus(ErrnoError(error, doing, hint),
                        not_found ? kExitNotFound : kExitCannotExecute);
}

// Returns whether this process may execute `file`.
absl::Status CheckExecutable(const std::string& file) {
  const std::string doing = absl::StrCat("execute ", file);
  struct stat attributes = {};
  if (stat(file.c_str(), &attributes) != 0) {
    return UnfitError(errno, doing);
  }
  if (S_ISDIR(attributes.st_mode)) {
    return UnfitError(EISDIR, doing);
  }
  if (access(file.c_str(), X_OK) != 0) {
    const int error = errno;
    // Otherwise a directory above or the mount (noexec) forbids it.
    const bool has_bit =
        (attributes.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    return UnfitError(error, doing,
                      has_bit ? "" : "chmod +x makes a file executable");
  }
  return absl::OkStatus();
}

// Returns the interpreter that the script `file` names behind "#!" in its first
// line; empty if it is no script.
std::string InterpreterOf(const std::string& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  absl::string_view rest = line;
  if (!absl::ConsumePrefix(&rest, "#!")) {
    return "";
  }
  rest = absl::StripLeadingAsciiWhitespace(rest);
  return std::string(rest.substr(0, rest.find_first_of(" \t")));
}

std::string HintForExecute(int error, const std::string& file) {
  // The file exists; its interpreter does not.
  if (error == ENOENT && access(file.c_str(), F_OK) == 0) {
    const std::string interpreter = InterpreterOf(file);
    return interpreter.empty()
               ? "the file exists, but not the dynamic loader that it needs "
                 "(readelf -l shows its name)"
               : absl::StrCat("the script exists, but not its interpreter ",
                              interpreter);
  }
  if (error == ENOEXEC) {
    return "it is neither a program for this machine nor a script that begins "
           "with #!";
  }
  return "";
}

// Returns `argv` in the form for execve(2). It points into `argv`.
std::vector<char*> PointersTo(const std::vector<std::string>& argv) {
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (const std::string& argument : argv) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

// #region find
absl::StatusOr<std::string> FindExecutable(absl::string_view name,
                                           absl::string_view path) {
  if (absl::StrContains(name, '/')) {
    RETURN_IF_ERROR(CheckExecutable(std::string(name)));
    return std::string(name);
  }
  absl::Status found_but_unfit;
  if (!name.empty()) {
    for (const absl::string_view directory : absl::StrSplit(path, ':')) {
      // An empty entry is the current directory (POSIX, environment variables).
      const std::string candidate =
          absl::StrCat(directory.empty() ? "." : directory, "/", name);
      const absl::Status status = CheckExecutable(candidate);
      if (status.ok()) {
        return candidate;
      }
      if (ExitStatusOf(status) == kExitCannotExecute) {
        found_but_unfit.Update(status);
      }
    }
  }
  RETURN_IF_ERROR(found_but_unfit);
  return WithExitStatus(
      absl::NotFoundError(
          absl::StrCat("command not found: \"", name, "\" is not in ", path)),
      kExitNotFound);
}
// #endregion find

std::string SearchPath() {
  const char* path = getenv("PATH");
  return path != nullptr ? path : kDefaultPath;
}

absl::Status Execute(const std::string& file,
                     const std::vector<std::string>& argv) {
  execv(file.c_str(), PointersTo(argv).data());
  const int error = errno;
  return WithExitStatus(ErrnoError(error, absl::StrCat("execute ", file),
                                   HintForExecute(error, file)),
                        kExitCannotExecute);
}

absl::Status ExecuteFile(int file, const std::vector<std::string>& argv) {
  execveat(file, "", PointersTo(argv).data(), environ, AT_EMPTY_PATH);
  return WithExitStatus(
      ErrnoError(errno, absl::StrCat("execute the open file ", file)),
      kExitCannotExecute);
}

}  // namespace mydocker
