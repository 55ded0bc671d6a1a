// From chapter 10.
//
// A tar archive, which is what a layer travels as: for each file a header of
// 512 bytes, then its content, filled up to a multiple of 512; at the end, two
// blocks of zeros. What does not fit into a header, such as a long name, comes
// before it as a file of its own, with lines of text (POSIX pax, "pax
// Interchange Format" and "ustar Interchange Format"; tar(5)).

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
  std::string name;  // As it is written there: bytes, whatever they mean.
  mode_t mode = 0;   // Its type and its permissions, as in stat(2).
  // A hard link: another name for the member of this name, which has been there
  // before. `mode` says nothing then.
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
// All in text, and numbers in octal, so that any machine can read it.
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

// What the key of an attribute begins with in pax, by GNU tar's and everybody's
// convention.
inline constexpr absl::string_view kTarAttribute = "SCHILY.xattr.";

// A name for an error, in one line and without what a terminal might obey.
std::string ShownName(absl::string_view name);

// What `checksum` in the header must be.
uint32_t TarChecksum(const TarHeader& header);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_FORMAT_H_
