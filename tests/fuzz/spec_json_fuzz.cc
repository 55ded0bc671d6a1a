// SpecFromJson and DecodeSpec: what is accepted is written as JSON that reads
// as the same; what is not accepted is told; and any bytes come through the
// pipe.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/container/spec_json.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

void CheckPipe(const Spec& spec) {
  const std::string encoded = EncodeSpec(spec);
  const absl::StatusOr<Spec> decoded = DecodeSpec(encoded);
  PROPERTY(decoded.ok());
  PROPERTY(EncodeSpec(*decoded) == encoded);
  PROPERTY(decoded->process.args == spec.process.args);
  PROPERTY(decoded->annotations == spec.annotations);
}

void Check(absl::string_view text) {
  const absl::StatusOr<Spec> spec = SpecFromJson(text);
  if (spec.ok()) {
    CheckPipe(*spec);
    const absl::StatusOr<std::string> written = SpecToJson(*spec);
    PROPERTY(written.ok());
    const absl::StatusOr<Spec> again = SpecFromJson(*written);
    PROPERTY(again.ok() && EncodeSpec(*again) == EncodeSpec(*spec));
  } else {
    PROPERTY(spec.status().code() == absl::StatusCode::kInvalidArgument);
    PROPERTY(!spec.status().message().empty());
  }
  if (const absl::StatusOr<Spec> decoded = DecodeSpec(text); decoded.ok()) {
    PROPERTY(spec.ok());
    CheckPipe(*decoded);
  }
  // As a word of the command line: it has no byte 0.
  if (text.find('\0') == absl::string_view::npos) {
    Spec bytes;
    bytes.process.args = {std::string(text)};
    bytes.annotations[std::string(text)] = std::string(text);
    CheckPipe(bytes);
  }
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
