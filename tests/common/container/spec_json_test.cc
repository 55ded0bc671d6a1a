#include "common/container/spec_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "common/container/spec.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Every field, with values that differ.
Spec Full() {
  Spec spec;
  spec.oci_version = "1.1";
  spec.process.args = {"sh", "", "a b"};
  spec.process.env = {"A=1", "B="};
  spec.process.cwd = "/cwd";
  spec.process.user = {1, 4294967294, {3, 4}};
  spec.process.rlimits = {
      {"RLIMIT_CORE", 0, std::numeric_limits<uint64_t>::max()}};
  spec.root = {"/root", true};
  spec.hostname = "host";
  spec.domainname = "domain";
  spec.mounts = {{"/d", "bind", "/s", {"ro", "rbind"}}, {"/t", "", "", {}}};
  spec.linux.cgroups_path = "/cgroup";
  spec.linux.namespaces = {{"pid"}, {"mount"}};
  spec.linux.resources = {1, 2, "0-1", 3};
  spec.annotations = {{"key", "value"}, {"", "empty"}};
  return spec;
}

// The same text for the same data.
std::string Text(const Spec& spec) { return EncodeSpec(spec); }

TEST(SpecJsonTest, EachFieldComesBack) {
  const absl::StatusOr<std::string> json = SpecToJson(Full());
  ASSERT_THAT(json, IsOk());
  const absl::StatusOr<Spec> back = SpecFromJson(*json);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(Text(*back), Text(Full()));
  EXPECT_EQ(Text(*DecodeSpec(EncodeSpec(Full()))), Text(Full()));
  EXPECT_EQ(back->process.user.additional_gids,
            Full().process.user.additional_gids);
  EXPECT_EQ(back->linux.resources.pids_limit, 3U);
  EXPECT_EQ(back->linux.resources.cpuset, "0-1");
  EXPECT_EQ(back->mounts[0].options, Full().mounts[0].options);
  EXPECT_TRUE(back->root.readonly);
  EXPECT_EQ(back->annotations, Full().annotations);
}

TEST(SpecJsonTest, HasTheNamesOfTheOci) {
  EXPECT_EQ(
      EncodeSpec(Full()),
      R"({"ociVersion":"1.1","process":{"args":["sh","","a b"],)"
      R"("env":["A=1","B="],"cwd":"/cwd","user":{"uid":1,"gid":4294967294,)"
      R"("additionalGids":[3,4]},"rlimits":[{"type":"RLIMIT_CORE","soft":0,)"
      R"("hard":18446744073709551615}]},"root":{"path":"/root",)"
      R"("readonly":true},"hostname":"host","domainname":"domain",)"
      R"("mounts":[{"destination":"/d","type":"bind","source":"/s",)"
      R"("options":["ro","rbind"]},{"destination":"/t"}],)"
      R"("linux":{"cgroupsPath":"/cgroup","namespaces":[{"type":"pid"},)"
      R"({"type":"mount"}],"resources":{"memory":{"limit":1},)"
      R"("cpu":{"shares":2,"cpus":"0-1"},"pids":{"limit":3}}},)"
      R"("annotations":{"":"empty","key":"value"}})");
}

TEST(SpecJsonTest, AnyByteSurvivesInThePipe) {
  Spec spec = Full();
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) {
    bytes.push_back(static_cast<char>(byte));
  }
  spec.process.args = {bytes, "\xff", "\xf4\x8f\xbf\xbf", "日本"};
  spec.annotations = {{bytes, bytes}};
  const absl::StatusOr<Spec> back = DecodeSpec(EncodeSpec(spec));
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->process.args, spec.process.args);
  EXPECT_EQ(back->annotations, spec.annotations);
  // JSON is UTF-8, so people get an error.
  EXPECT_THAT(SpecToJson(spec), Says("process.args[0]: it is not UTF-8"));
  spec.process.args = {"日本"};
  EXPECT_THAT(SpecToJson(spec), Says("annotations."));
  spec.annotations = {};
  EXPECT_THAT(*SpecToJson(spec), HasSubstr("日本"));
  EXPECT_THAT(EncodeSpec(spec), Not(HasSubstr("日本")));
}

TEST(SpecJsonTest, WhatIsNotKnownIsIgnored) {
  EXPECT_THAT(SpecFromJson(R"({"ociVersion":"1","new":[{}],"process":{"args":)"
                           R"(["a"],"user":{"uid":0,"gid":0,"umask":18},)"
                           R"("terminal":true}})"),
              IsOk());
}

// The smallest spec, with `replace` instead of `what`.
std::string With(const std::string& what, const std::string& replace) {
  constexpr char kText[] =
      R"({"ociVersion":"1","process":{"args":["a"],"env":[],"cwd":"/",)"
      R"("user":{"uid":0,"gid":0},"rlimits":[]},"root":{"path":"/"},)"
      R"("mounts":[{"destination":"/d","options":[]}],"linux":{},)"
      R"("annotations":{}})";
  const std::string text = absl::StrReplaceAll(kText, {{what, replace}});
  EXPECT_TRUE(what.empty() || text != kText) << what;
  return text;
}

TEST(SpecJsonTest, WhatDoesNotFitIsNamed) {
  ASSERT_THAT(SpecFromJson(With("", "")), IsOk());
  for (const auto& [what, replace, why] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {R"("1")", "1", "ociVersion: expected a text"},
           {R"("ociVersion":"1",)", "", "ociVersion is missing"},
           {R"(["a"])", R"("a")", "process.args: expected an array"},
           {R"(["a"])", R"([])", "process.args: expected the command"},
           {R"(["a"])", R"(["a",1])", "process.args[1]: expected a text"},
           {R"(["a"])", R"(["a\u0000b"])", "process.args[0]: it has a NUL"},
           {R"("env":[])", R"("env":null)", "process.env: expected an array"},
           {R"("uid":0)", R"("uid":-1)", "process.user.uid: expected a whole"},
           {R"("uid":0)", R"("uid":1.0)", "process.user.uid: expected a whole"},
           {R"("uid":0)", R"("uid":4294967296)", "from 0 to 4294967295"},
           {R"("uid":0)", R"("uid":"0")", "process.user.uid: expected a whole"},
           {R"("uid":0,)", "", "process.user.uid is missing"},
           {R"("gid":0)", R"("gid":18446744073709551616)",
            "process.user.gid: expected a whole"},
           {R"("rlimits":[])", R"("rlimits":[{"type":"x","soft":1}])",
            "process.rlimits[0].hard is missing"},
           {R"({"path":"/"})", "{}", "root.path is missing"},
           {R"({"path":"/"})", R"({"path":"/","readonly":1})",
            "root.readonly: expected true or false"},
           {R"({"path":"/"})", "[]", "root: expected an object"},
           {R"("destination":"/d",)", "", "mounts[0].destination is missing"},
           {R"("options":[])", R"("options":{})",
            "mounts[0].options: expected an array"},
           {R"("linux":{})", R"("linux":{"resources":{"memory":{"limit":-1}}})",
            "linux.resources.memory.limit: expected a whole"},
           {R"("linux":{})", R"("linux":{"namespaces":[{}]})",
            "linux.namespaces[0].type is missing"},
           {R"("annotations":{})", R"("annotations":{"a":1})",
            "annotations.a: expected a text"},
           {R"("annotations":{})", R"("annotations":[])",
            "annotations: expected an object"}}) {
    for (const auto& read : {SpecFromJson, DecodeSpec}) {
      const absl::StatusOr<Spec> spec = read(With(what, replace));
      EXPECT_THAT(spec, Says(why)) << replace;
      EXPECT_THAT(spec, HasCode(absl::StatusCode::kInvalidArgument));
    }
  }
  EXPECT_THAT(DecodeSpec(With(R"(["a"])", R"(["Ā"])")),
              Says("process.args[0]: it has a character beyond U+00FF"));
}

TEST(SpecJsonTest, WhatIsNoJsonIsNoSpec) {
  for (const std::string text :
       {"", "{", "nul", "[]", "1", "\"a\"", "{} {}", "{\"a\":\"\xff\"}",
        "{'a':1}", "// comment\n{}", "{\"a\":1,}", "\xff"}) {
    EXPECT_THAT(SpecFromJson(text), HasCode(absl::StatusCode::kInvalidArgument))
        << text;
  }
  // Deep, but not too deep for a stack.
  EXPECT_THAT(SpecFromJson(std::string(100'000, '[')), Says("no JSON"));
}

}  // namespace
}  // namespace mydocker
