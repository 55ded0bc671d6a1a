// From chapter 10.
//
// Reading a tar archive that anybody may have made.

#ifndef MYDOCKER_COMMON_FILES_TAR_READER_H_
#define MYDOCKER_COMMON_FILES_TAR_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/files/tar_format.h"

namespace mydocker {

// Puts at most so many bytes there, and returns how many they are; 0 at the
// end.
using ByteSource =
    std::function<absl::StatusOr<size_t>(char* buffer, size_t size)>;

// What comes before a header and does not fit into it: KEY=VALUE.
using TarRecords = std::map<std::string, std::string, std::less<>>;

// Takes an archive apart, a member at a time. It knows POSIX's forms (ustar,
// pax) and GNU tar's long names; what it does not know, it refuses.
//
// An archive whose last member is whole has come to its end, also without the
// two blocks of zeros that belong there: some tools forget them. What ends
// within a member was cut off. Behind the zeros there may be more zeros, and
// nothing else.
class TarReader {
 public:
  explicit TarReader(ByteSource source) : source_(std::move(source)) {}

  // Returns the next member; none at the end. What has not been read of the one
  // before is passed over.
  // Errors: DataLoss, with the name of the member where it is known: what comes
  // is no member, is cut off, or is of a kind that we do not know; those of the
  // source.
  absl::StatusOr<std::optional<TarMember>> Next();

  // Reads of the member's content, at most `size` bytes; 0 at its end.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

 private:
  // Returns how many bytes came before the end.
  absl::StatusOr<size_t> ReadUpTo(char* buffer, size_t size);
  absl::Status ReadWhole(char* buffer, size_t size);
  absl::StatusOr<std::optional<TarHeader>> NextHeader();
  absl::StatusOr<TarMember> MakeMember(const TarHeader& header,
                                       const TarRecords& records);
  // The number, if it makes sense here.
  absl::StatusOr<int64_t> Whole(
      std::optional<int64_t> number,
      int64_t most = std::numeric_limits<int64_t>::max() / 2) const;
  // The content of a header that tells more about the next member.
  absl::Status ReadText(const TarHeader& header, std::string& text);
  absl::Status ReadName(const TarHeader& header, std::string& name);
  absl::Status ReadRecords(const TarHeader& header, TarRecords& records);
  // So much content follows.
  void Expect(uint64_t content);
  absl::Status PassOverContent();
  absl::Status ExpectZeros();
  absl::Status Damaged(absl::string_view what) const;
  absl::Status CutOff(absl::string_view in_or_behind) const;

  ByteSource source_;
  TarRecords for_all_;
  std::string where_;     // What is being read.
  bool any_ = false;      // There has been a header.
  uint64_t content_ = 0;  // Bytes of it that are to come,
  uint64_t padding_ = 0;  // and then, to fill up the block.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_READER_H_
