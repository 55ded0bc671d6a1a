#include "tests/support/requirements.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace blackbox {

std::string WhyNoTool(const std::string& name) {
  const char* path = getenv("PATH");
  for (const absl::string_view directory :
       absl::StrSplit(path != nullptr ? path : "", ':')) {
    if (access(absl::StrCat(directory, "/", name).c_str(), X_OK) == 0) {
      return "";
    }
  }
  return absl::StrCat(name, " is not installed: make deps installs it");
}

std::string WhyNoUserNamespaces(uid_t uid) {
  const pid_t child = fork();
  if (child == 0) {
    // With AppArmor's restriction the namespace is made but gives no
    // capabilities, so try to use one.
    const bool allowed = setresgid(uid, uid, uid) == 0 &&
                         setresuid(uid, uid, uid) == 0 &&
                         unshare(CLONE_NEWUSER | CLONE_NEWUTS) == 0 &&
                         sethostname("probe", 5) == 0;
    _exit(allowed ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? ""
                     : absl::StrCat("this system does not let user ", uid,
                                    " make user namespaces");
}

std::string WhyNoKernelFeature(const std::string& feature,
                               const std::string& file) {
  return access(file.c_str(), F_OK) == 0
             ? ""
             : absl::StrCat("this kernel is built without ", feature, " (no ",
                            file, ")");
}

}  // namespace blackbox
