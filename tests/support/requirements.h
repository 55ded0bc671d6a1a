// What a test needs from the machine. Each function returns why that is
// missing, for the reader, or an empty string:
//
//     SKIP_IF(WhyNoTool("ip"));

#ifndef MYDOCKER_TESTS_SUPPORT_REQUIREMENTS_H_
#define MYDOCKER_TESTS_SUPPORT_REQUIREMENTS_H_

#include <sys/types.h>

#include <string>

namespace blackbox {

// A program in PATH.
std::string WhyNoTool(const std::string& name);

// An ordinary user may make a user namespace and has capabilities in it. Some
// distributions forbid it.
std::string WhyNoUserNamespaces(uid_t uid);

// A file of the kernel's, e.g. "/proc/sys/fs/mqueue", for the feature
// `feature`.
std::string WhyNoKernelFeature(const std::string& feature,
                               const std::string& file);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_REQUIREMENTS_H_
