// From chapter 10.
//
// Reads a tar archive from an untrusted source.

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

// Reads at most `size` bytes into `buffer`, and returns how many; 0 at the end.
using ByteSource =
    std::function<absl::StatusOr<size_t>(char* buffer, size_t size)>;

// The records that precede a header and do not fit into it: KEY=VALUE.
using TarRecords = std::map<std::string, std::string, std::less<>>;

// Reads an archive member by member. It supports POSIX's formats (ustar, pax)
// and GNU tar's long names, and rejects everything else.
//
// An archive may end after a whole member without the two blocks of zeros: some
// tools forget them. An archive that ends within a member is truncated. Only
// more zeros may follow the zeros.
class TarReader {
 public:
  explicit TarReader(ByteSource source) : source_(std::move(source)) {}

  // Returns the next member; none at the end. Skips the unread content of the
  // previous member.
  // Errors: DataLoss, with the name of the member where it is known: what
  // follows is not a member, is truncated, or is of an unknown kind; those of
  // the source.
  absl::StatusOr<std::optional<TarMember>> Next();

  // Reads at most `size` bytes of the member's content; 0 at its end.
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
  // Read the content of a header with more about the next member.
  absl::Status ReadText(const TarHeader& header, std::string& text);
  absl::Status ReadName(const TarHeader& header, std::string& name);
  absl::Status ReadRecords(const TarHeader& header, TarRecords& records);
  // Prepares for reading `content` bytes.
  void Expect(uint64_t content);
  absl::Status PassOverContent();
  absl::Status ExpectZeros();
  absl::Status Damaged(absl::string_view what) const;
  absl::Status CutOff(absl::string_view in_or_behind) const;

  ByteSource source_;
  TarRecords for_all_;
  std::string where_;        // What is being read.
  bool has_header_ = false;  // There has been a header.
  uint64_t content_ = 0;     // Bytes of it that are to come,
  uint64_t padding_ = 0;     // and then, to fill up the block.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_READER_H_
