// From chapter 10.
//
// The tar format, in which layers are passed on: for each file a header of 512
// bytes, then its content, padded to a multiple of 512; at the end, two blocks
// of zeros. Data that does not fit into a header, such as a long name, precedes
// it as a separate file with lines of text (POSIX pax, "pax Interchange Format"
// and "ustar Interchange Format"; tar(5)).

#ifndef MYDOCKER_COMMON_FILES_TAR_FORMAT_H_
#define MYDOCKER_COMMON_FILES_TAR_FORMAT_H_

#include <sys/types.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace mydocker {

// A file in an archive, without its content.
struct TarMember {
  std::string name;  // As it is in the archive: any bytes.
  mode_t mode = 0;   // Its type and its permissions, as in stat(2).
  // A hard link: another name for the earlier member `link_target`. `mode` is
  // then meaningless.
  bool is_hard_link = false;
  std::string link_target;  // Of a hard or symbolic link.
  uid_t uid = 0;
  gid_t gid = 0;
  timespec mtime = {};
  dev_t device = 0;   // Of a device.
  uint64_t size = 0;  // Of an ordinary file's content.
  std::map<std::string, std::string> attributes;  // xattr(7)
};

inline constexpr size_t kTarBlock = 512;

// #region header
// All text, with numbers in octal, so that any machine can read it.
struct TarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];  // The sum of all bytes, with blanks in its own place.
  char type;         // One of kTar… below.
  char link_target[100];
  char magic[8];  // "ustar\0" "00"; GNU tar's own: "ustar  \0"
  char user_name[32];
  char group_name[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];  // Before the name, with a slash between them.
  char unused[12];
};
// #endregion header
static_assert(sizeof(TarHeader) == kTarBlock);

inline constexpr char kTarMagic[] = "ustar\00000";  // And the 0 at its end.

inline constexpr char kTarFile = '0';  // Or a zero byte, or '7'.
inline constexpr char kTarHardLink = '1';
inline constexpr char kTarSymlink = '2';
inline constexpr char kTarCharacterDevice = '3';
inline constexpr char kTarBlockDevice = '4';
inline constexpr char kTarDirectory = '5';
inline constexpr char kTarFifo = '6';
inline constexpr char kTarPax = 'x';          // More about the next member,
inline constexpr char kTarPaxForAll = 'g';    // about all that follow.
inline constexpr char kTarGnuLongName = 'L';  // GNU tar's own way.
inline constexpr char kTarGnuLongLink = 'K';

// The prefix of an attribute's key in pax, by the convention of GNU tar and all
// others.
inline constexpr absl::string_view kTarAttribute = "SCHILY.xattr.";

// Returns `name` for an error message: in one line and without control
// characters.
std::string ShownName(absl::string_view name);

// Returns the correct `checksum` of the header.
uint32_t TarChecksum(const TarHeader& header);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_FORMAT_H_
