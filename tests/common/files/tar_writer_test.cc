#include "common/files/tar_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "common/files/tar_reader.h"
#include "tests/common/captured.h"
#include "tests/common/status_matchers.h"
#include "tests/common/tar.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

bool AreEqual(const TarMember& one, const TarMember& other) {
  return one.name == other.name && one.mode == other.mode &&
         one.is_hard_link == other.is_hard_link &&
         one.link_target == other.link_target && one.uid == other.uid &&
         one.gid == other.gid && one.mtime.tv_sec == other.mtime.tv_sec &&
         one.mtime.tv_nsec == other.mtime.tv_nsec &&
         one.device == other.device && one.size == other.size &&
         one.attributes == other.attributes;
}

// Members that fill all fields of a header, and overflow them.
std::vector<Packed> Difficult() {
  std::vector<Packed> members;
  for (const size_t length : {1, 99, 100, 101, 255, 4000}) {
    members.emplace_back(std::string(length, 'n'), std::string(length, 'c'));
    members.emplace_back("to" + std::string(length, 'n'), "", S_IFLNK | 0777,
                         std::string(length, 't'));
  }
  members.emplace_back("strange \n=\xb2\xe2", "x");
  for (const timespec time :
       {timespec{0, 0}, timespec{-1, 0}, timespec{-2, 5},
        timespec{-1, 999999999}, timespec{1, 500000000},
        timespec{077777777777, 0}, timespec{077777777777 + 1, 0}}) {
    members.emplace_back("time").member.mtime = time;
  }
  for (const uid_t id : {07777777u, 07777777u + 1, 4294967294u}) {
    members.emplace_back("owner").member.uid = id;
    members.back().member.gid = id - 1;
  }
  members.emplace_back("device", "", S_IFCHR | 0600).member.device =
      makedev(511, 1048575);
  members.emplace_back("device", "", S_IFBLK | 07777);
  members.emplace_back("pipe", "", S_IFIFO | 0);
  members.emplace_back("folder/", "", S_IFDIR | 01777);
  members.push_back(PackedHardLink("hard", std::string(300, 'h')));
  members.emplace_back("attributes").member.attributes = {
      {"user.a=b%", std::string("\0\n=", 3)},
      {"user.long", std::string(65536, 'v')},
      {"user.none", ""}};
  return members;
}

TEST(TarWriterTest, WhatIsWrittenIsReadAgain) {
  const std::vector<Packed> members = Difficult();
  const std::string archive = TarOf(members);
  EXPECT_EQ(archive.size() % 512, 0);
  size_t next = 0;
  TarReader reader([&](char* buffer, size_t size) {
    const size_t given = std::min(size, archive.size() - next);
    memcpy(buffer, archive.data() + next, given);
    next += given;
    return given;
  });
  for (const Packed& packed : members) {
    const absl::StatusOr<std::optional<TarMember>> read = reader.Next();
    ASSERT_THAT(read, IsOk());
    ASSERT_TRUE(read->has_value());
    EXPECT_TRUE(AreEqual(**read, packed.member)) << packed.member.name;
    std::string content(packed.content.size(), '?');
    EXPECT_THAT(reader.Read(content.data(), content.size()), IsOk());
    EXPECT_EQ(content, packed.content);
  }
  const absl::StatusOr<std::optional<TarMember>> end = reader.Next();
  ASSERT_THAT(end, IsOk());
  EXPECT_FALSE(end->has_value());
}

// An independent judge, which complains about any mistake.
TEST(TarWriterTest, GnuTarReadsItWithoutAWord) {
  std::vector<Packed> members = Difficult();
  const TempDirectory directory;
  const std::string archive = directory.Write("archive.tar", TarOf(members));
  const absl::StatusOr<Output> listed = RunShell(
      "LC_ALL=C tar --quoting-style=literal --null -tf \"$1\" 2>&1 | "
      "tr '\\n' '?'; LC_ALL=C tar --xattrs -tvf \"$1\" | wc -l",
      {archive});
  ASSERT_THAT(listed, IsOk());
  std::string names;
  for (const Packed& packed : members) {
    std::string name = packed.member.name;
    std::replace(name.begin(), name.end(), '\n', '?');
    names += name + "?";
  }
  EXPECT_EQ(listed->text, names + std::to_string(members.size()) + "\n");
}

TEST(TarWriterTest, FullDiskIsTold) {
  const UniqueFd full(open("/dev/full", O_WRONLY));
  TarWriter writer(full, "that.tar");
  EXPECT_THAT(writer.Add(Packed("name").member), IsOk());
  EXPECT_THAT(writer.Finish(),
              testing::AllOf(HasErrno(ENOSPC), Says("write that.tar")));
}

}  // namespace
}  // namespace mydocker
