// Archives for tests.

#ifndef MYDOCKER_TESTS_COMMON_TAR_H_
#define MYDOCKER_TESTS_COMMON_TAR_H_

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"
#include "common/files/tar_writer.h"

namespace mydocker {

// A member with its content, an ordinary file unless said otherwise.
struct Packed {
  Packed(std::string name, std::string text = "", mode_t mode = S_IFREG | 0644,
         std::string link_target = "")
      : content(std::move(text)) {
    member.name = std::move(name);
    member.mode = mode;
    member.link_target = std::move(link_target);
    member.size = content.size();
  }
  TarMember member;
  std::string content;
};

inline Packed PackedHardLink(std::string name, std::string target) {
  Packed link(std::move(name), "", S_IFREG, std::move(target));
  link.member.is_hard_link = true;
  return link;
}

// The archive with these members.
inline std::string TarOf(const std::vector<Packed>& members) {
  const UniqueFd file(memfd_create("archive", MFD_CLOEXEC));
  TarWriter writer(file, "archive");
  for (const Packed& packed : members) {
    EXPECT_TRUE(writer.Add(packed.member).ok());
    EXPECT_TRUE(writer.Write(packed.content).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  lseek(file.get(), 0, SEEK_SET);
  return ReadAll(file.get()).value_or("");
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_TAR_H_
