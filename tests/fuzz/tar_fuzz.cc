// TarReader: on any bad input it only reports an error; it reads an archive in
// small pieces as in large ones; and its result, written by TarWriter, reads
// back as the same.
//
// An input whose first byte is odd is the rest of an archive whose checksums
// are corrected; otherwise few inputs would get past these.

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/files/tar_reader.h"
#include "common/files/tar_writer.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

struct Archive {
  std::vector<std::pair<TarMember, std::string>> members;
  absl::Status end;
};

Archive Read(absl::string_view bytes, size_t piece) {
  TarReader reader([&](char* buffer, size_t size) {
    const size_t given = std::min({size, bytes.size(), piece});
    memcpy(buffer, bytes.data(), given);
    bytes.remove_prefix(given);
    return given;
  });
  Archive archive;
  while (true) {
    absl::StatusOr<std::optional<TarMember>> member = reader.Next();
    if (!member.ok() || !member->has_value()) {
      archive.end = member.status();
      return archive;
    }
    // Its size may exceed the memory.
    std::string content;
    char buffer[100];
    absl::StatusOr<size_t> size = 0;
    do {
      size = reader.Read(buffer, sizeof(buffer));
      content.append(buffer, size.value_or(0));
    } while (size.ok() && *size > 0);
    if (!size.ok()) {
      archive.end = size.status();
      return archive;
    }
    PROPERTY(content.size() == (*member)->size);
    archive.members.emplace_back(**std::move(member), std::move(content));
  }
}

bool AreEqual(const TarMember& one, const TarMember& other) {
  return one.name == other.name && one.mode == other.mode &&
         one.is_hard_link == other.is_hard_link &&
         one.link_target == other.link_target && one.uid == other.uid &&
         one.gid == other.gid && one.mtime.tv_sec == other.mtime.tv_sec &&
         one.mtime.tv_nsec == other.mtime.tv_nsec &&
         one.device == other.device && one.size == other.size &&
         one.attributes == other.attributes;
}

bool AreEqual(const Archive& one, const Archive& other) {
  return one.end == other.end &&
         std::equal(one.members.begin(), one.members.end(),
                    other.members.begin(), other.members.end(),
                    [](const auto& a, const auto& b) {
                      return AreEqual(a.first, b.first) && a.second == b.second;
                    });
}

std::string Written(const Archive& archive) {
  const UniqueFd file(memfd_create("archive", MFD_CLOEXEC));
  TarWriter writer(file, "archive");
  for (const auto& [member, content] : archive.members) {
    PROPERTY(writer.Add(member).ok() && writer.Write(content).ok());
  }
  PROPERTY(writer.Finish().ok());
  PROPERTY(lseek(file.get(), 0, SEEK_SET) == 0);
  return ReadAll(file.get()).value();
}

std::string WithChecksums(std::string bytes) {
  for (size_t at = 0; at + kTarBlock <= bytes.size(); at += kTarBlock) {
    TarHeader header;
    memcpy(&header, bytes.data() + at, sizeof(header));
    // Two blocks of zeros end an archive.
    if (header.name[0] != '\0') {
      snprintf(header.checksum, sizeof(header.checksum), "%06o",
               TarChecksum(header));
      memcpy(bytes.data() + at, &header, sizeof(header));
    }
  }
  return bytes;
}

void CheckArchive(absl::string_view bytes) {
  Archive archive = Read(bytes, bytes.size());
  PROPERTY(AreEqual(Read(bytes, 7), archive));
  PROPERTY(archive.end.ok() ||
           archive.end.code() == absl::StatusCode::kDataLoss);
  const std::string written = Written(archive);
  // That archive has reached its end.
  archive.end = absl::OkStatus();
  if (!archive.members.empty()) {
    PROPERTY(AreEqual(Read(written, written.size()), archive));
    PROPERTY(Written(archive) == written);
  }
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  mydocker::CheckArchive(input);
  if (!input.empty() && input[0] % 2 != 0) {
    mydocker::CheckArchive(mydocker::WithChecksums(input.substr(1)));
  }
  return 0;
}
