#include "common/files/tar_writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

constexpr size_t kBufferSize = size_t{1} << 16;
constexpr mode_t kPermissions = 07777;

char TypeOf(const TarMember& member) {
  if (member.is_hard_link) {
    return kTarHardLink;
  }
  switch (member.mode & S_IFMT) {
    case S_IFDIR:
      return kTarDirectory;
    case S_IFLNK:
      return kTarSymlink;
    case S_IFCHR:
      return kTarCharacterDevice;
    case S_IFBLK:
      return kTarBlockDevice;
    case S_IFIFO:
      return kTarFifo;
    default:
      return kTarFile;
  }
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits, too.
std::string Record(absl::string_view key, absl::string_view value) {
  const std::string rest = absl::StrCat(" ", key, "=", value, "\n");
  size_t length = rest.size();
  while (absl::StrCat(length).size() + rest.size() != length) {
    length = absl::StrCat(length).size() + rest.size();
  }
  return absl::StrCat(length, rest);
}

// The key ends with the first "=", so the name of an attribute must not contain
// one. Escapes it as GNU tar does.
std::string Quoted(absl::string_view attribute) {
  return absl::StrReplaceAll(attribute, {{"%", "%25"}, {"=", "%3D"}});
}

// Writes `text` into a header's field, which needs no zero byte at its end.
// Returns false if it does not fit.
template <size_t kSize>
bool Fill(char (&field)[kSize], absl::string_view text) {
  if (text.size() > kSize) {
    return false;
  }
  memcpy(field, text.data(), text.size());
  return true;
}

template <size_t kSize>
bool FillNumber(char (&field)[kSize], uint64_t number) {
  const std::string digits =
      absl::StrFormat("%0*o", static_cast<int>(kSize) - 1, number);
  return digits.size() < kSize && Fill(field, digits);
}

// Seconds since 1970, with a fraction: -1.5 is 2 seconds before, and half of
// one after.
std::string TimeText(timespec time) {
  constexpr int64_t kSecond = 1'000'000'000;
  const bool negative = time.tv_sec < 0;
  int64_t seconds = time.tv_sec;
  int64_t fraction = time.tv_nsec;
  if (negative && fraction > 0) {
    seconds += 1;
    fraction = kSecond - fraction;
  }
  std::string text =
      absl::StrCat(negative ? "-" : "", negative ? -seconds : seconds);
  if (fraction > 0) {
    absl::StrAppendFormat(&text, ".%09d", fraction);
  }
  return text;
}

// Fills in what the header can hold, and returns the records for the rest.
std::string FillOrRecord(const TarMember& member, TarHeader& header) {
  std::string records;
  const auto number = [&records](auto& field, absl::string_view key,
                                 uint64_t value) {
    if (!FillNumber(field, value)) {
      FillNumber(field, 0);
      absl::StrAppend(&records, Record(key, absl::StrCat(value)));
    }
  };
  const auto text = [&records](auto& field, absl::string_view key,
                               absl::string_view value) {
    if (!Fill(field, value)) {
      Fill(field, value.substr(0, sizeof(field)));
      absl::StrAppend(&records, Record(key, value));
    }
  };
  text(header.name, "path", member.name);
  text(header.link_target, "linkpath", member.link_target);
  number(header.size, "size", member.size);
  number(header.uid, "uid", member.uid);
  number(header.gid, "gid", member.gid);
  if (member.mtime.tv_sec < 0 || member.mtime.tv_nsec != 0 ||
      !FillNumber(header.mtime, member.mtime.tv_sec)) {
    FillNumber(header.mtime, 0);
    absl::StrAppend(&records, Record("mtime", TimeText(member.mtime)));
  }
  for (const auto& [name, value] : member.attributes) {
    absl::StrAppend(&records,
                    Record(absl::StrCat(kTarAttribute, Quoted(name)), value));
  }
  return records;
}

absl::string_view BytesOf(const TarHeader& header) {
  return {reinterpret_cast<const char*>(&header), sizeof(header)};
}

// Returns a header with the fields that all have in common.
TarHeader MakeHeader(char type, mode_t mode) {
  TarHeader header = {};
  memcpy(header.magic, kTarMagic, sizeof(header.magic));
  header.type = type;
  FillNumber(header.mode, mode & kPermissions);
  return header;
}

void Seal(TarHeader& header) {
  // Six digits, a zero byte and a blank, by tradition.
  snprintf(header.checksum, sizeof(header.checksum), "%06o",
           TarChecksum(header));
  header.checksum[sizeof(header.checksum) - 1] = ' ';
}

}  // namespace

absl::Status TarWriter::Add(const TarMember& member) {
  RETURN_IF_ERROR(FillUpBlock());
  TarHeader header = MakeHeader(TypeOf(member), member.mode);
  FillNumber(header.device_major, major(member.device));
  FillNumber(header.device_minor, minor(member.device));
  if (const std::string records = FillOrRecord(member, header);
      !records.empty()) {
    RETURN_IF_ERROR(AddRecords(records));
  }
  Seal(header);
  return Put(BytesOf(header));
}

absl::Status TarWriter::AddRecords(absl::string_view records) {
  TarHeader header = MakeHeader(kTarPax, 0644);
  Fill(header.name, "PaxHeader");
  FillNumber(header.size, records.size());
  FillNumber(header.uid, 0);
  FillNumber(header.gid, 0);
  FillNumber(header.mtime, 0);
  Seal(header);
  RETURN_IF_ERROR(Put(BytesOf(header)));
  RETURN_IF_ERROR(Put(records));
  return FillUpBlock();
}

absl::Status TarWriter::Write(absl::string_view content) {
  return Put(content);
}

absl::Status TarWriter::Finish() {
  RETURN_IF_ERROR(FillUpBlock());
  RETURN_IF_ERROR(Put(std::string(2 * kTarBlock, '\0')));
  return Flush();
}

absl::Status TarWriter::FillUpBlock() {
  const size_t over = written_ % kTarBlock;
  return over == 0 ? absl::OkStatus()
                   : Put(std::string(kTarBlock - over, '\0'));
}

absl::Status TarWriter::Put(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  written_ += bytes.size();
  return buffer_.size() < kBufferSize ? absl::OkStatus() : Flush();
}

absl::Status TarWriter::Flush() {
  const absl::Status written = WriteAll(archive_.get(), buffer_);
  buffer_.clear();
  return written.ok()
             ? absl::OkStatus()
             : ErrnoError(ErrnoOf(written), absl::StrCat("write ", path_));
}

}  // namespace mydocker
