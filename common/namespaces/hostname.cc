#include "common/namespaces/hostname.h"

#include <errno.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {

absl::Status SetHostname(const std::string& name) {
  if (sethostname(name.data(), name.size()) != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("set the host name \"", name, "\""),
                      error == EINVAL ? "it has at most 64 bytes" : "");
  }
  return absl::OkStatus();
}

absl::Status SetDomainname(const std::string& name) {
  if (setdomainname(name.data(), name.size()) != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("set the domain name \"", name, "\""),
                      error == EINVAL ? "it has at most 64 bytes" : "");
  }
  return absl::OkStatus();
}

}  // namespace mydocker
