#include "common/files/tar_reader.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// The longest name and the longest records that we accept. Attributes may have
// 64 KiB each.
constexpr int64_t kMostText = int64_t{1} << 20;
constexpr mode_t kPermissions = 07777;
// The highest number means "no id" (chown(2)).
constexpr int64_t kMostIds = std::numeric_limits<uid_t>::max() - int64_t{1};
// As many as fit in a header; the kernel supports fewer.
constexpr int64_t kMostDevices = 07777777;

using Records = TarRecords;

// A text field ends with its first zero byte, or fills the whole field.
template <size_t kSize>
absl::string_view Text(const char (&field)[kSize]) {
  return {field, strnlen(field, kSize)};
}

// A number is in octal, between blanks and zero bytes; or, if its first bit is
// set, in all the bits that follow, the highest first. That is GNU tar's way to
// write what is too large or negative.
template <size_t kSize>
std::optional<int64_t> Number(const char (&field)[kSize]) {
  const auto first = static_cast<unsigned char>(field[0]);
  int64_t number = 0;
  if (first & 0x80) {
    number = (first & 0x3f) - (first & 0x40);
    for (size_t i = 1; i < kSize; ++i) {
      const auto byte = static_cast<unsigned char>(field[i]);
      if (__builtin_mul_overflow(number, 256, &number)) {
        return std::nullopt;
      }
      number |= byte;
    }
    return number;
  }
  for (const char digit : absl::StripAsciiWhitespace(Text(field))) {
    if (digit < '0' || digit > '7') {
      return std::nullopt;
    }
    number = number * 8 + (digit - '0');  // Too short a field to overflow.
  }
  return number;
}

// "-1.5" is 2 seconds before 1970, and half of one after.
std::optional<timespec> Time(absl::string_view text) {
  constexpr size_t kDigits = 9;
  constexpr int64_t kSecond = 1'000'000'000;
  const bool negative = absl::ConsumePrefix(&text, "-");
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  std::string fraction(parts.second.substr(0, kDigits));
  fraction.resize(kDigits, '0');
  uint64_t seconds = 0;
  uint64_t nanoseconds = 0;
  if (!absl::SimpleAtoi(parts.first, &seconds) ||
      !absl::SimpleAtoi(fraction, &nanoseconds) ||
      seconds > std::numeric_limits<int64_t>::max() ||
      !absl::c_all_of(parts.second, absl::ascii_isdigit)) {
    return std::nullopt;
  }
  timespec time = {
      .tv_sec = static_cast<time_t>(seconds),
      .tv_nsec = static_cast<decltype(timespec::tv_nsec)>(nanoseconds)};
  if (negative) {
    time.tv_sec = -time.tv_sec - (nanoseconds > 0 ? 1 : 0);
    time.tv_nsec = nanoseconds > 0 ? kSecond - time.tv_nsec : 0;
  }
  return time;
}

// Returns the type of a file, as in stat(2); nothing if it is not a file.
// `name` is the member's full name: the header truncates a name that a record
// holds.
std::optional<mode_t> TypeOf(const TarHeader& header, absl::string_view name) {
  switch (header.type) {
    case '\0':
    case '7':
    case kTarFile:
      // Old tar had no type for directories.
      return absl::EndsWith(name, "/") ? S_IFDIR : S_IFREG;
    case kTarHardLink:
      return S_IFREG;
    case kTarSymlink:
      return S_IFLNK;
    case kTarCharacterDevice:
      return S_IFCHR;
    case kTarBlockDevice:
      return S_IFBLK;
    case kTarDirectory:
      return S_IFDIR;
    case kTarFifo:
      return S_IFIFO;
    default:
      return std::nullopt;
  }
}

std::string NameOf(const TarHeader& header) {
  const bool has_prefix =
      memcmp(header.magic, kTarMagic, strlen(kTarMagic) + 1) == 0 &&
      header.prefix[0] != '\0';
  return absl::StrCat(has_prefix ? Text(header.prefix) : "",
                      has_prefix ? "/" : "", Text(header.name));
}

std::optional<std::string> Find(const Records& records, absl::string_view key) {
  const auto record = records.find(key);
  return record == records.end() ? std::nullopt
                                 : std::make_optional(record->second);
}

// Returns the number in a record, or else in the field of a header.
template <size_t kSize>
std::optional<int64_t> RecordOrField(const Records& records,
                                     absl::string_view key,
                                     const char (&field)[kSize]) {
  const std::optional<std::string> text = Find(records, key);
  int64_t number = 0;
  if (text.has_value()) {
    return absl::SimpleAtoi(*text, &number) ? std::make_optional(number)
                                            : std::nullopt;
  }
  return Number(field);
}

std::optional<timespec> TimeOf(const Records& records,
                               const TarHeader& header) {
  if (const auto text = Find(records, "mtime"); text.has_value()) {
    return Time(*text);
  }
  const std::optional<int64_t> seconds = Number(header.mtime);
  return seconds.has_value() ? std::make_optional(timespec{*seconds, 0})
                             : std::nullopt;
}

std::map<std::string, std::string> AttributesOf(const Records& records) {
  std::map<std::string, std::string> attributes;
  for (auto i = records.lower_bound(kTarAttribute);
       i != records.end() && absl::StartsWith(i->first, kTarAttribute); ++i) {
    attributes[absl::StrReplaceAll(i->first.substr(kTarAttribute.size()),
                                   {{"%3D", "="}, {"%25", "%"}})] = i->second;
  }
  return attributes;
}

bool IsZeros(absl::string_view bytes) {
  return bytes.find_first_not_of('\0') == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<std::optional<TarMember>> TarReader::Next() {
  Records records = for_all_;
  bool has_records = false;  // So a member must follow.
  while (true) {
    RETURN_IF_ERROR(PassOverContent());
    ASSIGN_OR_RETURN(const std::optional<TarHeader> header, NextHeader());
    if (!header.has_value()) {
      if (has_records) {
        return CutOff("behind");
      }
      return std::nullopt;
    }
    has_records = header->type != kTarPaxForAll;
    switch (header->type) {
      case kTarPax:
        RETURN_IF_ERROR(ReadRecords(*header, records));
        break;
      case kTarPaxForAll:
        RETURN_IF_ERROR(ReadRecords(*header, for_all_));
        records = for_all_;
        break;
      case kTarGnuLongName:
        RETURN_IF_ERROR(ReadName(*header, records["path"]));
        break;
      case kTarGnuLongLink:
        RETURN_IF_ERROR(ReadName(*header, records["linkpath"]));
        break;
      default:
        return MakeMember(*header, records);
    }
  }
}

absl::StatusOr<size_t> TarReader::Read(char* buffer, size_t size) {
  const size_t wanted = std::min<uint64_t>(size, content_);
  RETURN_IF_ERROR(ReadWhole(buffer, wanted));
  content_ -= wanted;
  return wanted;
}

absl::Status TarReader::PassOverContent() {
  std::array<char, size_t{16} * kTarBlock> buffer;
  for (content_ += std::exchange(padding_, 0); content_ > 0;) {
    RETURN_IF_ERROR(Read(buffer.data(), buffer.size()).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TarHeader>> TarReader::NextHeader() {
  TarHeader header = {};
  char* const bytes = reinterpret_cast<char*>(&header);
  ASSIGN_OR_RETURN(const size_t size, ReadUpTo(bytes, sizeof(header)));
  if (size == 0 && has_header_) {
    return std::nullopt;  // Without the zeros that belong there.
  }
  if (size == sizeof(header) && IsZeros({bytes, size})) {
    RETURN_IF_ERROR(ExpectZeros());
    return std::nullopt;
  }
  if (size < sizeof(header) && has_header_) {
    return CutOff("behind");
  }
  if (size < sizeof(header) || Number(header.checksum) != TarChecksum(header)) {
    return absl::DataLossError(
        has_header_ ? absl::StrCat("it is damaged: what is behind ", where_,
                                   " is no header of a member")
                    : "it is no tar archive");
  }
  has_header_ = true;
  const std::string name = NameOf(header);
  where_ = TypeOf(header, name).has_value()
               ? absl::StrCat("its member ", ShownName(name))
               : "the records of a member";
  return header;
}

absl::Status TarReader::ExpectZeros() {
  std::array<char, size_t{16} * kTarBlock> buffer;
  size_t size = 0;
  do {
    ASSIGN_OR_RETURN(size, ReadUpTo(buffer.data(), buffer.size()));
    if (!IsZeros({buffer.data(), size})) {
      return absl::DataLossError(
          "behind its end there is something, as behind the first of two "
          "archives in one file");
    }
  } while (size > 0);
  return absl::OkStatus();
}

absl::StatusOr<size_t> TarReader::ReadUpTo(char* buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    ASSIGN_OR_RETURN(const size_t got, source_(buffer + done, size - done));
    if (got == 0) {
      break;
    }
    done += got;
  }
  return done;
}

absl::Status TarReader::ReadWhole(char* buffer, size_t size) {
  ASSIGN_OR_RETURN(const size_t got, ReadUpTo(buffer, size));
  return got == size ? absl::OkStatus() : CutOff("in");
}

void TarReader::Expect(uint64_t content) {
  content_ = content;
  padding_ = (kTarBlock - content % kTarBlock) % kTarBlock;
}

absl::Status TarReader::ReadText(const TarHeader& header, std::string& text) {
  ASSIGN_OR_RETURN(const int64_t size, Whole(Number(header.size), kMostText));

  Expect(size);
  text.resize(size);
  return Read(text.data(), text.size()).status();
}

absl::Status TarReader::ReadName(const TarHeader& header, std::string& name) {
  RETURN_IF_ERROR(ReadText(header, name));
  name.resize(strnlen(name.data(), name.size()));
  return absl::OkStatus();
}

// A sequence of "LENGTH KEY=VALUE\n". A value may contain any bytes.
absl::Status TarReader::ReadRecords(const TarHeader& header, Records& records) {
  std::string text;
  RETURN_IF_ERROR(ReadText(header, text));
  for (absl::string_view left = text; !left.empty();) {
    const size_t blank = left.find(' ');
    size_t length = 0;
    if (blank == absl::string_view::npos ||
        !absl::SimpleAtoi(left.substr(0, blank), &length) ||
        length <= blank + 1 || length > left.size() ||
        left[length - 1] != '\n') {
      return Damaged("a line");
    }
    const absl::string_view record = left.substr(blank + 1, length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == absl::string_view::npos) {
      return Damaged("a line");
    }
    records[std::string(record.substr(0, equals))] =
        std::string(record.substr(equals + 1));
    left.remove_prefix(length);
  }
  return absl::OkStatus();
}

absl::StatusOr<TarMember> TarReader::MakeMember(const TarHeader& header,
                                                const Records& records) {
  TarMember member;
  member.name = Find(records, "path").value_or(NameOf(header));
  where_ = absl::StrCat("its member ", ShownName(member.name));
  member.link_target =
      Find(records, "linkpath").value_or(std::string(Text(header.link_target)));
  // The kernel's names end with the first.
  if (absl::StrContains(member.name + member.link_target, '\0')) {
    return Damaged("a zero byte");
  }
  const std::optional<mode_t> type = TypeOf(header, member.name);
  if (!type.has_value()) {
    return absl::DataLossError(
        absl::StrCat(where_, " is of a kind that no layer has, \"",
                     ShownName({&header.type, 1}), "\""));
  }
  if (records.lower_bound("GNU.sparse.") !=
      records.lower_bound("GNU.sparse/")) {
    return absl::DataLossError(
        absl::StrCat(where_, " was packed with --sparse; pack it without"));
  }
  ASSIGN_OR_RETURN(const int64_t permissions, Whole(Number(header.mode)));
  member.mode = *type | (permissions & kPermissions);
  member.is_hard_link = header.type == kTarHardLink;
  ASSIGN_OR_RETURN(member.uid,
                   Whole(RecordOrField(records, "uid", header.uid), kMostIds));
  ASSIGN_OR_RETURN(member.gid,
                   Whole(RecordOrField(records, "gid", header.gid), kMostIds));
  const std::optional<timespec> mtime = TimeOf(records, header);
  if (!mtime.has_value()) {
    return Damaged("its time");
  }
  member.mtime = *mtime;
  if (S_ISCHR(*type) || S_ISBLK(*type)) {
    ASSIGN_OR_RETURN(const int64_t first,
                     Whole(Number(header.device_major), kMostDevices));
    ASSIGN_OR_RETURN(const int64_t second,
                     Whole(Number(header.device_minor), kMostDevices));
    member.device = makedev(first, second);
  }
  // Others may state a size, but have no content.
  if (S_ISREG(*type) && !member.is_hard_link) {
    ASSIGN_OR_RETURN(member.size,
                     Whole(RecordOrField(records, "size", header.size)));
  }
  Expect(member.size);
  member.attributes = AttributesOf(records);
  return member;
}

absl::StatusOr<int64_t> TarReader::Whole(std::optional<int64_t> number,
                                         int64_t most) const {
  return number.has_value() && *number >= 0 && *number <= most
             ? absl::StatusOr<int64_t>(*number)
             : Damaged("a number");
}

absl::Status TarReader::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat("it is damaged: ", what, " in ", where_, " makes no sense"));
}

absl::Status TarReader::CutOff(absl::string_view in_or_behind) const {
  return absl::DataLossError(
      absl::StrCat("it is cut off ", in_or_behind, " ", where_));
}

}  // namespace mydocker
