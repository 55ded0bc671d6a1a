// From chapter 9.
//
// The host name of a UTS namespace.

#ifndef MYDOCKER_COMMON_NAMESPACES_HOSTNAME_H_
#define MYDOCKER_COMMON_NAMESPACES_HOSTNAME_H_

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Makes `name` the host name in the caller's UTS namespace (sethostname(2)).
// The kernel accepts any bytes, up to 64.
// Errors: InvalidArgument for a longer one; those of sethostname(2).
absl::Status SetHostname(const std::string& name);

// The same for its NIS domain name (setdomainname(2)). From chapter 12.
absl::Status SetDomainname(const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_HOSTNAME_H_
