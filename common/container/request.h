// From chapter 8.
//
// What a user asks of `mydocker run`, as data.

#ifndef MYDOCKER_COMMON_CONTAINER_REQUEST_H_
#define MYDOCKER_COMMON_CONTAINER_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/cgroup/subsystem.h"

namespace mydocker {

// A requested container. Empty: not requested.
//
// A new flag needs: a field here, a flag and its `fill` in its chapter's
// …_flags.cc; if init needs it, a field of StartMessage, in EncodeMessage,
// DecodeMessage and MessageFor, and the step in init.cc of its chapter and of
// the later ones; then the chapter's page, and MORE_FLAGS in
// tests/faults/faults.py, so that its system calls are made to fail.
struct Request {
  std::vector<std::string> argv;  // The container's command.
  bool interactive = false;       // -ti
  ResourceConfig limits;
  // From chapter 9.
  std::string hostname;
  std::string rootfs;  // The directory that becomes its "/".
  // From chapter 10.
  std::vector<std::string> layers;  // Directories or archives, lowest first.
  std::string keep_upper;           // Where its changes are kept.
  // From chapter 12, as they were typed (SpecFor parses them).
  std::vector<std::string> volumes;    // -v
  std::vector<std::string> tmpfs;      // -tmpfs
  bool read_only = false;              // Its root file system.
  uint64_t shm_size = 0;               // Of /dev/shm, in bytes.
  std::vector<std::string> env;        // -e
  std::vector<std::string> env_files;  // Files of such words.
  std::string directory;               // The one that it starts in.
  std::string user;                    // -u
  std::vector<std::string> ulimits;    // -ulimit
  std::string domainname;
  bool print_spec = false;  // It is not to be started, but shown.
};

// The flags that one chapter adds to `run`, and how they become a request. Each
// chapter's `run` names those of the chapters up to its own.
struct RequestFlags {
  FlagSet flags;
  // Copies the flags into `request`. Errors: InvalidArgument for flags that
  // exclude each other.
  absl::Status (*fill)(Request& request);
};

// Chapter 8's: -ti, -m, -cpushare, -cpuset, -verbose.
extern const RequestFlags kBasicFlags;

// Parses what follows `run` on the command line, flags of `groups` and then the
// container's command, and turns on LogStep if -verbose is among them. If asked
// for help, prints it on standard output and exits.
// Errors: those of ParseFlags and of RequestFlags::fill; InvalidArgument for a
// missing command.
absl::StatusOr<Request> ParseRequest(
    const std::vector<std::string>& words,
    const std::vector<const RequestFlags*>& groups);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_REQUEST_H_
