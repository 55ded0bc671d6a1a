#include "common/files/attributes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

class AttributesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can set trusted attributes";
    }
  }
  UniqueFd Open(const std::string& name) const {
    return UniqueFd(
        open(directory_.File(name).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  const TempDirectory directory_;
};

TEST_F(AttributesTest, TravelButForThoseOfOverlayfs) {
  directory_.Write("from", "");
  directory_.Write("to", "");
  const std::string value("a\0=\n", 4);
  for (const char* name :
       {"trusted.mine", "trusted.overlay.opaque", "trusted.overlayed"}) {
    ASSERT_EQ(setxattr(directory_.File("from").c_str(), name, value.data(),
                       value.size(), 0),
              0);
  }
  const Attributes mine = {{"trusted.mine", value},
                           {"trusted.overlayed", value}};
  absl::StatusOr<Attributes> read = ReadAttributes(Open("from"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, mine);
  (*read)["trusted.overlay.redirect"] = "/elsewhere";
  EXPECT_THAT(WriteAttributes(Open("to"), *read), IsOk());
  EXPECT_EQ(ReadAttributes(Open("to")).value_or(Attributes()), mine);
  EXPECT_EQ(getxattr(directory_.File("to").c_str(), "trusted.overlay.redirect",
                     nullptr, 0),
            -1);
}

// The attributes are the link's own, wherever it leads.
TEST_F(AttributesTest, LinksAreNotFollowed) {
  directory_.Write("file", "");
  directory_.Link("file", "link");
  EXPECT_THAT(WriteAttributes(Open("link"), {{"trusted.mine", "x"}}), IsOk());
  EXPECT_EQ(ReadAttributes(Open("file")).value_or(Attributes{{"a", "b"}}),
            Attributes());
  EXPECT_EQ(ReadAttributes(Open("link")).value_or(Attributes()),
            (Attributes{{"trusted.mine", "x"}}));
}

TEST_F(AttributesTest, FileSystemWithoutThemHasNone) {
  const UniqueFd proc(open("/proc/self/status", O_PATH | O_CLOEXEC));
  EXPECT_THAT(ReadAttributes(proc), IsOk());
  EXPECT_THAT(WriteAttributes(proc, {{"trusted.mine", "x"}}), IsOk());
}

}  // namespace
}  // namespace mydocker
