// Chapter 11: only the merge rules, on directories without a mount. The one
// test in this folder that uses the chapter's C++.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "chapters/11-fuse-union/tree.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/union_test.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"11-fuse-union", {}};
  return chapter;
}

namespace {

using mydocker::Directory;
using mydocker::Entry;
using mydocker::Find;
using mydocker::Found;
using mydocker::IsBelow;
using mydocker::List;
using mydocker::OpenMerged;
using mydocker::UniqueFd;
using testing::ElementsAre;
using testing::IsEmpty;

class FuseUnionTreeTest : public UnionTest {
 protected:
  // The union of these directories; `upper` is "" for none.
  static std::unique_ptr<Directory> Union(
      const std::string& upper, const std::vector<std::string>& lower) {
    std::vector<UniqueFd> parts;
    for (const std::string& name : lower) {
      parts.push_back(Open(name));
    }
    return std::make_unique<Directory>(upper.empty() ? UniqueFd() : Open(upper),
                                       std::move(parts));
  }
  static void Whiteout(const std::string& name) {
    ASSERT_EQ(mknod(Path(name).c_str(), S_IFCHR, makedev(0, 0)), 0);
  }
  static void Opaque(const std::string& name, const char* attribute) {
    ASSERT_EQ(setxattr(Path(name).c_str(), attribute, "y", 1, 0), 0);
  }

  // The content of the file; "-" if there is none, or the errno.
  static std::string Content(const Directory& directory,
                             const std::string& name) {
    Found found;
    const int error = Find(directory, name, found);
    if (error != 0) {
      return error == ENOENT ? "-" : absl::StrCat(error);
    }
    if (S_ISDIR(found.attributes.st_mode)) {
      return "directory";
    }
    char text[20] = {};
    const UniqueFd file(openat(found.directory, name.c_str(), O_RDONLY));
    return std::string(text, read(file.get(), text, sizeof(text)));
  }
  static std::vector<std::string> Names(const Directory& directory) {
    std::vector<Entry> entries;
    EXPECT_EQ(List(directory, entries), 0);
    std::vector<std::string> names;
    for (const Entry& entry : entries) {
      names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // The names that a directory in the union shows.
  static std::vector<std::string> NamesIn(const Directory& parent,
                                          const std::string& name) {
    Found found;
    std::unique_ptr<Directory> directory;
    EXPECT_EQ(Find(parent, name, found), 0);
    EXPECT_EQ(OpenMerged(parent, name, found, directory), 0);
    return directory == nullptr ? std::vector<std::string>()
                                : Names(*directory);
  }

 private:
  static UniqueFd Open(const std::string& name) {
    return UniqueFd(open(Make(name).c_str(), O_DIRECTORY | O_CLOEXEC));
  }
};

TEST_F(FuseUnionTreeTest, HighestLayerHasTheName) {
  Write("low/a", "low");
  Write("low/b", "low");
  Write("middle/b", "middle");
  Write("upper/c", "upper");
  const auto directory = Union("upper", {"middle", "low"});
  EXPECT_EQ(Content(*directory, "a"), "low");
  EXPECT_EQ(Content(*directory, "b"), "middle");
  EXPECT_EQ(Content(*directory, "c"), "upper");
  EXPECT_EQ(Content(*directory, "d"), "-");
  EXPECT_THAT(Names(*directory), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(IsBelow(*directory, "b"));
  EXPECT_FALSE(IsBelow(*directory, "c"));
}

TEST_F(FuseUnionTreeTest, WhiteoutOfEitherFormEndsTheSearch) {
  for (const char* name : {"device", "file", "again"}) {
    Write(absl::StrCat("low/", name), "low");
  }
  Make("middle");
  Whiteout("middle/device");
  Write("middle/.wh.file", "");
  Whiteout("middle/again");
  Write("upper/again", "upper");
  const auto directory = Union("upper", {"middle", "low"});
  EXPECT_EQ(Content(*directory, "device"), "-");
  EXPECT_EQ(Content(*directory, "file"), "-");
  EXPECT_EQ(Content(*directory, "again"), "upper");
  EXPECT_EQ(Content(*directory, ".wh.file"), "-");
  EXPECT_THAT(Names(*directory), ElementsAre("again"));
  EXPECT_FALSE(IsBelow(*directory, "device"));
  EXPECT_FALSE(IsBelow(*directory, "file"));
  EXPECT_FALSE(IsBelow(*directory, "again"));
  // With the lowest layer alone they are visible.
  EXPECT_EQ(Content(*Union("", {"low"}), "file"), "low");
}

// A mark hides files in the layers below its own, not files beside it.
TEST_F(FuseUnionTreeTest, FileBesideItsMarkIsSeen) {
  Write("low/a", "low");
  Write("upper/a", "upper");
  Write("upper/.wh.a", "");
  const auto directory = Union("upper", {"low"});
  EXPECT_EQ(Content(*directory, "a"), "upper");
  EXPECT_THAT(Names(*directory), ElementsAre("a"));
}

TEST_F(FuseUnionTreeTest, DirectoriesOfOneNameAreMerged) {
  Write("low/d/a", "low");
  Write("middle/d/b", "middle");
  Write("upper/d/c", "upper");
  Make("upper/d");
  Whiteout("upper/d/a");
  EXPECT_THAT(NamesIn(*Union("upper", {"middle", "low"}), "d"),
              ElementsAre("b", "c"));
}

TEST_F(FuseUnionTreeTest, OpaqueDirectoryOfAnyFormHidesWhatIsBelow) {
  for (const char* name : {"trusted", "user", "file"}) {
    Write(absl::StrCat("low/", name, "/a"), "low");
    Write(absl::StrCat("middle/", name, "/b"), "middle");
    Write(absl::StrCat("upper/", name, "/c"), "upper");
  }
  Opaque("middle/trusted", "trusted.overlay.opaque");
  Opaque("middle/user", "user.overlay.opaque");
  Write("middle/file/.wh..wh..opq", "");
  const auto directory = Union("upper", {"middle", "low"});
  for (const char* name : {"trusted", "user", "file"}) {
    EXPECT_THAT(NamesIn(*directory, name), ElementsAre("b", "c")) << name;
  }
}

TEST_F(FuseUnionTreeTest, WhatIsNoDirectoryEndsTheMerge) {
  for (const char* name : {"file", "whiteout", "mark"}) {
    Write(absl::StrCat("low/", name, "/a"), "low");
    Make(absl::StrCat("upper/", name));
  }
  Write("middle/file", "middle");
  Whiteout("middle/whiteout");
  Write("middle/.wh.mark", "");
  const auto directory = Union("upper", {"middle", "low"});
  for (const char* name : {"file", "whiteout", "mark"}) {
    EXPECT_THAT(NamesIn(*directory, name), IsEmpty()) << name;
  }
  // And the other way round: a file hides a directory.
  EXPECT_EQ(Content(*Union("", {"middle", "low"}), "file"), "middle");
}

// A link in a layer is a file like any other: it is never followed.
TEST_F(FuseUnionTreeTest, LinksAreNotFollowed) {
  Write("outside/secret", "secret");
  Make("low");
  Make("upper");
  ASSERT_EQ(symlink("../outside", Path("low/d").c_str()), 0);
  Write("upper/d/a", "a");
  EXPECT_THAT(NamesIn(*Union("upper", {"low"}), "d"), ElementsAre("a"));
  Found found;
  const auto directory = Union("", {"low"});
  ASSERT_EQ(Find(*directory, "d", found), 0);
  EXPECT_TRUE(S_ISLNK(found.attributes.st_mode));
}

}  // namespace
}  // namespace blackbox
