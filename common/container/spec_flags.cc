#include "common/container/spec_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"

ABSL_FLAG(bool, print_spec, false,
          "start nothing; print what the container would be, as JSON");
ABSL_FLAG(std::string, domainname, "", "its NIS domain name");

namespace mydocker {
namespace {

absl::Status FillSpec(Request& request) {
  request.print_spec = absl::GetFlag(FLAGS_print_spec);
  request.domainname = absl::GetFlag(FLAGS_domainname);
  return absl::OkStatus();
}

}  // namespace

const RequestFlags kSpecFlags = {{{"print_spec", "domainname"}, {}}, FillSpec};

}  // namespace mydocker
