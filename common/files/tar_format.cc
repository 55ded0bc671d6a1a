#include "common/files/tar_format.h"

#include <string.h>

#include "absl/strings/escaping.h"

namespace mydocker {

std::string ShownName(absl::string_view name) {
  return absl::Utf8SafeCEscape(name);
}

uint32_t TarChecksum(const TarHeader& header) {
  TarHeader counted = header;
  memset(counted.checksum, ' ', sizeof(counted.checksum));
  unsigned char bytes[sizeof(TarHeader)];
  memcpy(bytes, &counted, sizeof(bytes));
  uint32_t sum = 0;
  for (const unsigned char byte : bytes) {
    sum += byte;
  }
  return sum;
}

}  // namespace mydocker
