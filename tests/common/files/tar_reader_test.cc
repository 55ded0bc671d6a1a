#include "common/files/tar_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/files/tar_writer.h"
#include "tests/common/captured.h"
#include "tests/common/status_matchers.h"
#include "tests/common/tar.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The names in the archive, each with its content.
absl::StatusOr<std::vector<std::string>> Read(const std::string& archive) {
  size_t next = 0;
  // In small pieces, as from a pipe.
  TarReader reader([&](char* buffer, size_t size) {
    const size_t given = std::min({size, archive.size() - next, size_t{300}});
    memcpy(buffer, archive.data() + next, given);
    next += given;
    return given;
  });
  std::vector<std::string> members;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<TarMember> member, reader.Next());
    if (!member.has_value()) {
      return members;
    }
    std::string content(member->size, '?');
    ASSIGN_OR_RETURN(const size_t size,
                     reader.Read(content.data(), content.size()));
    EXPECT_EQ(size, content.size());
    members.push_back(absl::StrCat(member->name, "|", content));
  }
}

class TarReaderTest : public testing::Test {
 protected:
  // Returns an archive that the host's tar makes in the directory.
  std::string Tar(const std::string& words) const {
    const absl::StatusOr<Output> made =
        RunShell("cd \"$1\"; tar -cf - " + words, {directory_.path()});
    EXPECT_EQ(made->exit_status, 0);
    return made->text;
  }
  const TempDirectory directory_;
};

TEST_F(TarReaderTest, ReadsAllFormsOfGnuTar) {
  const std::string long_name(150, 'n');
  directory_.Write("folder/" + long_name, "content");
  directory_.Link(std::string(200, 't'), "link");
  for (const char* form : {"v7", "oldgnu", "gnu", "ustar", "pax"}) {
    const std::string old = form;
    if (old != "v7" && old != "ustar") {
      EXPECT_THAT(
          Read(Tar("--format=" + old + " folder link")).value(),
          ElementsAre("folder/|", "folder/" + long_name + "|content", "link|"))
          << form;
    }
    directory_.Write("short", "12345");
    EXPECT_THAT(Read(Tar("--format=" + old + " short")).value(),
                ElementsAre("short|12345"))
        << form;
  }
  const std::string prefix(70, 'p');
  directory_.Write(prefix + "/" + prefix + "/file", "");
  EXPECT_THAT(Read(Tar("--format=ustar " + prefix)).value(),
              ElementsAre(prefix + "/|", prefix + "/" + prefix + "/|",
                          prefix + "/" + prefix + "/file|"));
}

// An archive is complete if it ends with a member, even without the zeros that
// follow; all others were cut off.
TEST_F(TarReaderTest, WhatIsCutOffAnywhereIsRefused) {
  const std::string whole = TarOf({{"a", "one"},
                                   {std::string(200, 'b'), "two"},
                                   {"c", std::string(600, 'c')}});
  const auto members = Read(whole);
  ASSERT_THAT(members, IsOk());
  ASSERT_EQ(members->size(), 3);
  // A header and a block; with records before them; a header and two blocks.
  const size_t ends[] = {1024, 1024 + 2048, 1024 + 2048 + 1536};
  ASSERT_EQ(whole.size(), ends[2] + 1024);
  for (size_t size = 0; size <= whole.size(); ++size) {
    const auto read = Read(whole.substr(0, size));
    const bool at_end_of_member =
        std::find(std::begin(ends), std::end(ends), size) != std::end(ends);
    // Less than one block of the final zeros counts as a cut member, too.
    const bool in_zeros = size == ends[2] + 512 || size > ends[2] + 512;
    EXPECT_EQ(read.ok(), at_end_of_member || in_zeros)
        << size << " bytes: " << read.status();
    if (!read.ok()) {
      EXPECT_THAT(read, AllOf(HasCode(absl::StatusCode::kDataLoss),
                              Says(size < 512 ? "no tar archive" : "cut off")))
          << size;
    }
  }
  EXPECT_THAT(Read(whole.substr(0, 1500)), Says("behind its member a"));
  EXPECT_THAT(Read(whole.substr(0, ends[2] - 1)), Says("in its member c"));
}

TEST_F(TarReaderTest, WhatIsBehindTheEndIsRefused) {
  const std::string whole = TarOf({{"a", "one"}});
  EXPECT_THAT(Read(whole + std::string(10000, '\0')), IsOk());
  EXPECT_THAT(Read(whole + "rubbish"), Says("behind its end"));
  EXPECT_THAT(Read(whole + whole), Says("behind its end"));
  EXPECT_THAT(Read(std::string(1024, '\0')).value(), ElementsAre());
  EXPECT_THAT(Read("hello"), Says("no tar archive"));
  EXPECT_THAT(Read(""), Says("no tar archive"));
  EXPECT_THAT(Read(std::string(10240, 'x')), Says("no tar archive"));
}

TEST_F(TarReaderTest, DamageIsToldWithTheMember) {
  const std::string whole = TarOf({{"a", "one"}, {"b", "two"}});
  std::string changed = whole;
  changed[1024] ^= 1;
  EXPECT_THAT(Read(changed), Says("damaged: what is behind its member a"));
  const auto with_header = [](const std::function<void(TarHeader&)>& change) {
    std::string archive = TarOf({{"a", "one"}});
    TarHeader header;
    memcpy(&header, archive.data(), sizeof(header));
    change(header);
    snprintf(header.checksum, 7, "%06o", TarChecksum(header));
    memcpy(archive.data(), &header, sizeof(header));
    return Read(archive);
  };
  EXPECT_THAT(with_header([](TarHeader&) {}), IsOk());
  EXPECT_THAT(with_header([](TarHeader& h) { h.type = 'M'; }),
              AllOf(Says("member a"), Says("\"M\"")));
  EXPECT_THAT(with_header([](TarHeader& h) { h.size[3] = '9'; }),
              AllOf(Says("member a"), Says("a number")));
  // 2^95 bytes, and a negative number.
  EXPECT_THAT(with_header([](TarHeader& h) {
                memset(h.size, 0, sizeof(h.size));
                h.size[0] = '\x80';
                h.size[1] = '\x80';
              }),
              Says("a number"));
  EXPECT_THAT(
      with_header([](TarHeader& h) { memset(h.size, 0xff, sizeof(h.size)); }),
      Says("a number"));
  EXPECT_THAT(with_header([](TarHeader& h) { h.type = 'x'; }),
              Says("a line in the records"));
  EXPECT_THAT(with_header([](TarHeader& h) {
                h.type = 'L';
                memcpy(h.size, "77777777777", 11);
              }),
              Says("a number"));
}

// Neither a line end nor a terminal's command gets into an error.
TEST_F(TarReaderTest, NamesAreShownInOneLine) {
  EXPECT_THAT(Read(TarOf({{"测试\n\x1b[2J", "x"}}).substr(0, 700)),
              Says("in its member 测试\\n\\033[2J"));
  EXPECT_THAT(Read(TarOf({{std::string("a\0b", 3) + std::string(100, 'n')}})),
              Says("a zero byte in its member a\\000b"));
}

TEST_F(TarReaderTest, SparseFilesAreRefused) {
  EXPECT_THAT(RunShell("truncate -s 1M \"$1\"", {directory_.File("holes")}),
              IsOk());
  EXPECT_THAT(Read(Tar("--format=pax --sparse holes")),
              AllOf(Says("holes"), Says("--sparse")));
  EXPECT_THAT(Read(Tar("--format=gnu --sparse holes")),
              AllOf(Says("holes"), Says("\"S\"")));
}

TEST_F(TarReaderTest, ErrorOfTheSourceIsTheReason) {
  TarReader reader([](char*, size_t) -> absl::StatusOr<size_t> {
    return absl::InternalError("gzip says no");
  });
  EXPECT_THAT(reader.Next(), Says("gzip says no"));
}

}  // namespace
}  // namespace mydocker
