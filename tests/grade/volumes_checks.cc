// Chapter 12: volumes, and what a container's command starts with.

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/grade/grade.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

// A layer with a root file system, and room for what is bound into it.
struct Place {
  const std::string base = MakeRootfs("base");
  const std::string source = Path("source");

  Place() { fs::create_directory(source); }

  static std::string Path(const std::string& name) {
    return TestDirectory() + "/" + name;
  }
  static void Write(const std::string& name, const std::string& content) {
    fs::create_directories(fs::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  Words With(Words flags) const {
    flags.insert(flags.end(), {"-layer", base});
    return flags;
  }
  Answer Ask(const Words& flags, const std::string& script) const {
    return Try({"sh", "-c", script}, With(flags));
  }
};

// A named volume that is removed with this object.
struct Volume {
  const std::string name = RandomName();
  ~Volume() { Execute({.args = {"volume", "rm", name}}); }
};

// Complains unless the host's file has this content.
bool ExpectOnHost(const Answer& answer, const std::string& file,
                  const std::string& content) {
  const std::string came = ReadFile(file);
  const std::string look = absl::StrCat("host$ cat ", file, "\n");
  return answer.Expect(came == content, look + content, look + came);
}

TEST_F(Grade, DirectoryIsBound) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string word = RandomName() + "\n";
  place.Write("source/there", word);
  const Answer answer = place.Ask({"-v", place.source + ":/home"},
                                  "cat /home/there; echo new >/home/made");
  if (answer.ExpectOutput(word)) {
    ExpectOnHost(answer, place.Path("source/made"), "new\n");
  }
}

TEST_F(Grade, FileIsBound) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string word = RandomName() + "\n";
  place.Write("source/file", word);
  place.Write("base/etc/motd", "the image's\n");
  const Answer answer = place.Ask({"-v", place.source + "/file:/etc/motd"},
                                  "cat /etc/motd; echo changed >/etc/motd");
  if (answer.ExpectOutput(word)) {
    ExpectOnHost(answer, place.Path("source/file"), "changed\n");
  }
}

TEST_F(Grade, MissingTargetsAreMade) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  place.Write("source/file", "word\n");
  place
      .Ask({"-v", place.source + ":/srv/a/b", "-v",
            place.source + "/file:/srv/c/name"},
           "cat /srv/a/b/file /srv/c/name")
      .ExpectOutput("word\nword\n");
}

// As runc and Docker do: what is mounted below the source comes along.
TEST_F(Grade, MountsBelowComeAlong) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string below = place.source + "/below";
  fs::create_directory(below);
  ASSERT_EQ(mount("none", below.c_str(), "tmpfs", 0, nullptr), 0);
  const std::string word = RandomName() + "\n";
  place.Write("source/below/file", word);
  place.Ask({"-v", place.source + ":/home"}, "cat /home/below/file")
      .ExpectOutput(word);
  umount2(below.c_str(), MNT_DETACH);
}

TEST_F(Grade, ReadOnlyGoesAllTheWayDown) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string below = place.source + "/below";
  fs::create_directory(below);
  ASSERT_EQ(mount("none", below.c_str(), "tmpfs", 0, nullptr), 0);
  const Answer answer =
      place.Ask({"-v", place.source + ":/home:ro"},
                "for d in /home /home/below; do"
                " (: >$d/made) 2>/dev/null && echo made $d; done; true");
  answer.ExpectOutput("");
  umount2(below.c_str(), MNT_DETACH);
}

// A link in the image, to a path that both the host and the image have.
TEST_F(Grade, LinksAtATargetStayInside) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string outside = place.Path("outside");
  fs::create_directory(outside);
  fs::create_directories(place.base + outside);
  fs::create_symlink(outside, place.base + "/data");
  place.Write("source/there", "word\n");
  const Answer answer = place.Ask(
      {"-v", place.source + ":/data", "-v", place.source + ":/data/deeper"},
      absl::StrCat("cat /data/there ", outside, "/there"));
  const bool nothing_made = fs::is_empty(outside);
  if (answer.ExpectOutput("word\nword\n")) {
    const std::string look = absl::StrCat("host$ ls ", outside, "\n");
    answer.Expect(nothing_made, look, look + "deeper");
  }
}

TEST_F(Grade, NamedVolumesAreKept) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const Volume volume;
  const std::string word = RandomName() + "\n";
  const Words flags = {"-v", volume.name + ":/home/data"};
  if (place.Ask(flags, "printf %s '" + word + "' >/home/data/file")
          .ExpectStatus(0)) {
    place.Ask(flags, "cat /home/data/file").ExpectOutput(word);
  }
}

// Whether `volume ls` has a line that begins with the name.
bool IsListed(const Answer& list, const std::string& name) {
  const Words lines = absl::StrSplit(list.out, '\n');
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.substr(0, line.find(' ')) == name;
  });
}

TEST_F(Grade, VolumesAreMadeListedAndRemoved) {
  const Volume volume;
  if (!Try(Invocation{.args = {"volume", "create", volume.name}})
           .ExpectStatus(0)) {
    return;
  }
  const Invocation list = {.args = {"volume", "ls"}};
  Answer answer = Try(list);
  if (!answer.Expect(IsListed(answer, volume.name),
                     "a line with the name " + volume.name) ||
      !Try(Invocation{.args = {"volume", "rm", volume.name}}).ExpectStatus(0)) {
    return;
  }
  answer = Try(list);
  answer.Expect(!IsListed(answer, volume.name), "no line with " + volume.name);
}

TEST_F(Grade, EmptyVolumeGetsTheImagesFiles) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const Volume volume;
  const std::string word = RandomName() + "\n";
  place.Write("base/home/data/file", word);
  fs::create_symlink("file", place.base + "/home/data/link");
  const int uid = RandomNumber(1000, 60000);
  ASSERT_EQ(chown((place.base + "/home/data/file").c_str(), uid, 17), 0);
  ASSERT_EQ(chmod((place.base + "/home/data").c_str(), 01770), 0);
  const Words flags = {"-v", volume.name + ":/home/data"};
  if (place
          .Ask(flags,
               "cd /home/data && cat link && stat -c '%u %g' file && "
               "stat -c %a . && rm file link && echo mine >new")
          .ExpectOutput(absl::StrCat(word, uid, " 17\n1770\n"))) {
    // And not again: the volume is not empty any more.
    place.Ask(flags, "ls /home/data").ExpectOutput("new\n");
  }
}

TEST_F(Grade, VolumeInUseStays) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const Volume volume;
  Shell shell(place.With({"-v", volume.name + ":/home/data"}));
  if (!shell.IsThere()) {
    return;
  }
  shell.Ask("echo kept >/home/data/file");
  const Answer refused = Try(Invocation{.args = {"volume", "rm", volume.name}});
  if (refused.ExpectRefusal("a container uses the volume")) {
    shell.Expect("cat /home/data/file", "kept");
  }
}

TEST_F(Grade, TmpfsIsBounded) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  place
      .Ask({"-tmpfs", "/home:size=1m,mode=1750"},
           "stat -c %a /home; cd /home; head -c 900000 /dev/zero >fits && "
           "echo fits; (head -c 900000 /dev/zero >not) 2>/dev/null || "
           "echo full")
      .ExpectOutput("1750\nfits\nfull\n");
}

TEST_F(Grade, RootFilesAreReadOnly) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  place
      .Ask({"-read-only", "-v", place.source + ":/home", "-tmpfs", "/tmp"},
           "for d in / /etc /home /tmp /dev/shm; do"
           " (: >$d/made) 2>/dev/null && echo $d; done; true")
      .ExpectOutput("/home\n/tmp\n/dev/shm\n");
}

TEST_F(Grade, EnvironmentIsItsOwn) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  place.Write("base/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  const std::string secret = RandomName();
  Invocation invocation =
      Asking({"sh", "-c", "cat /proc/self/environ | tr '\\0' '\\n'"},
             place.With({"-hostname", "inside", "-e", "GIVEN=a b", "-e",
                         "CALLERS", "-e", "NOBODYS"}));
  invocation.environment = {"PATH=/usr/bin:/bin", "HOME=/home/caller",
                            "SECRET=" + secret, "CALLERS=" + secret};
  const Answer answer = Try(invocation);
  Words names;
  for (const absl::string_view line :
       absl::StrSplit(answer.out, '\n', absl::SkipEmpty())) {
    names.emplace_back(line.substr(0, line.find('=')));
  }
  // A shell may add some of its own; the caller's must not come through.
  const bool holds =
      absl::StrContains(answer.out, "CALLERS=" + secret + "\n") &&
      absl::StrContains(answer.out, "GIVEN=a b\n") &&
      absl::StrContains(answer.out, "HOME=/root\n") &&
      absl::StrContains(answer.out, "HOSTNAME=inside\n") &&
      absl::StrContains(answer.out, "PATH=/usr/local/sbin:") &&
      !absl::StrContains(answer.out, "SECRET=") &&
      !absl::StrContains(answer.out, "NOBODYS");
  answer.Expect(holds && answer.Status() == 0,
                absl::StrCat("CALLERS=", secret,
                             ", GIVEN=a b, HOME=/root, HOSTNAME=inside, a PATH "
                             "with /usr/local/sbin first; no SECRET and no "
                             "NOBODYS"));
}

TEST_F(Grade, EnvironmentComesFromAFile) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string word = RandomName();
  const std::string file = MakeFile(
      "env",
      absl::StrCat("# A comment\n\nFROM_FILE=", word, " = twice\nOVER=file\n"),
      0644);
  place.Ask({"-env-file", file, "-e", "OVER=flag"}, "echo \"$FROM_FILE\" $OVER")
      .ExpectOutput(word + " = twice flag\n");
}

TEST_F(Grade, WorkingDirectoryIsAsAsked) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string name = "/srv/" + RandomName();
  place.Ask({"-w", name}, "pwd").ExpectOutput(name + "\n");
}

// The kernel is asked, not id(1): all four user ids, all four group ids, the
// further groups, and what root may.
void ExpectIdentity(const Place& place, const std::string& user, int uid,
                    int gid, const Words& groups) {
  const Answer answer = place.Ask(
      {"-u", user}, "grep -E '^(Uid|Gid|Groups|CapEff):' /proc/self/status");
  Words expected = {absl::StrJoin(Words(4, absl::StrCat(uid)), " "),
                    absl::StrJoin(Words(4, absl::StrCat(gid)), " "),
                    absl::StrJoin(groups, " "), "0000000000000000"};
  Words came;
  for (const absl::string_view line :
       absl::StrSplit(answer.out, '\n', absl::SkipEmpty())) {
    const Words words =
        absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty());
    came.push_back(absl::StrJoin(words.begin() + 1, words.end(), " "));
  }
  answer.Expect(came == expected,
                absl::StrCat("Uid: ", expected[0], ", Gid: ", expected[1],
                             ", Groups: ", expected[2], ", CapEff: 0"));
}

TEST_F(Grade, UserByNumber) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const int uid = RandomNumber(1000, 60000);
  const int gid = RandomNumber(1000, 60000);
  ExpectIdentity(place, absl::StrCat(uid, ":", gid), uid, gid,
                 {absl::StrCat(gid)});
}

TEST_F(Grade, UserByName) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const int uid = RandomNumber(1000, 60000);
  const std::string name = RandomName();
  place.Write("base/etc/passwd",
              absl::StrCat("root:x:0:0:root:/root:/bin/sh\n", name, ":x:", uid,
                           ":2001::/home/", name, ":/bin/sh\n"));
  place.Write("base/etc/group",
              absl::StrCat("root:x:0:\nown:x:2001:\nfirst:x:2003:", name,
                           ",root\nothers:x:2004:root\nsecond:x:2002:root,",
                           name, "\n"));
  ExpectIdentity(place, name, uid, 2001, {"2001", "2002", "2003"});
  place.Ask({"-u", name}, "echo $HOME").ExpectOutput("/home/" + name + "\n");
}

TEST_F(Grade, FilesBelongToTheUser) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const int uid = RandomNumber(1000, 60000);
  ASSERT_EQ(chmod(place.source.c_str(), 01777), 0);
  const Answer answer = place.Ask(
      {"-v", place.source + ":/home", "-u", absl::StrCat(uid)}, ": >/home/new");
  struct stat made = {};
  stat(place.Path("source/new").c_str(), &made);
  const std::string look =
      absl::StrCat("host$ stat -c %u ", place.source, "/new\n");
  answer.Expect(static_cast<int>(made.st_uid) == uid, absl::StrCat(look, uid),
                absl::StrCat(look, made.st_uid));
}

TEST_F(Grade, LimitsOfTheProcess) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const int soft = RandomNumber(20, 40);
  place
      .Ask({"-ulimit", absl::StrCat("nofile=", soft, ":60"), "-ulimit",
            "core=0", "-tmpfs", "/tmp", "-u", "1000"},
           "ulimit -Sn; ulimit -Hn; ulimit -c; cd /tmp; "
           "tee $(seq 50) </dev/null 2>/dev/null || echo too many; "
           "(ulimit -n 61) 2>/dev/null || echo no more")
      .ExpectOutput(absl::StrCat(soft, "\n60\n0\ntoo many\nno more\n"));
}

TEST_F(Grade, DomainNameIsSet) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string name = RandomName();
  const std::string before = ReadFile("/proc/sys/kernel/domainname");
  const Answer answer = place.Ask({"-domainname", name + ".example"},
                                  "cat /proc/sys/kernel/domainname");
  if (answer.ExpectOutput(name + ".example\n")) {
    ExpectOnHost(answer, "/proc/sys/kernel/domainname", before);
  }
}

TEST_F(Grade, SharedMemoryIsBounded) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  place
      .Ask({"-shm-size", "1m"},
           "cd /dev/shm; head -c 900000 /dev/zero >fits && echo fits; "
           "(head -c 900000 /dev/zero >not) 2>/dev/null || echo full")
      .ExpectOutput("fits\nfull\n");
}

// A mount that the host makes below the source while the container runs.
void ExpectPropagation(const std::string& options, const std::string& seen) {
  const Place place;
  const std::string below = place.source + "/below";
  fs::create_directory(below);
  Shell shell(place.With({"-v", place.source + ":/home" + options}));
  if (!shell.IsThere()) {
    return;
  }
  ASSERT_EQ(mount("none", below.c_str(), "tmpfs", 0, nullptr), 0);
  place.Write("source/below/late", "");
  shell.Expect("ls /home/below", seen);
  umount2(below.c_str(), MNT_DETACH);
}

TEST_F(Grade, LaterMountsStayOutside) {
  SKIP_IF(WhyNoTool("busybox"));
  ExpectPropagation("", "");
}

TEST_F(Grade, LaterMountsComeToASlave) {
  SKIP_IF(WhyNoTool("busybox"));
  ExpectPropagation(":rslave", "late");
}

TEST_F(Grade, SpecIsShown) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string word = RandomName();
  const Answer answer =
      Try({"echo", word},
          place.With({"-print-spec", "-v", place.source + ":/home:ro", "-e",
                      "A=" + word, "-u", "7:8", "-w", "/home", "-read-only",
                      "-hostname", word}));
  const nlohmann::json spec = nlohmann::json::parse(answer.out, nullptr, false);
  const auto at = [&spec](const char* pointer) {
    const nlohmann::json::json_pointer where(pointer);
    return spec.is_object() && spec.contains(where) ? spec.at(where)
                                                    : nlohmann::json();
  };
  const nlohmann::json environment = at("/process/env");
  const nlohmann::json mounts = at("/mounts");
  const bool has_variable =
      std::count(environment.begin(), environment.end(), "A=" + word) == 1;
  const bool has_mount =
      std::any_of(mounts.begin(), mounts.end(), [&](const auto& mount) {
        return mount.is_object() && mount.value("destination", "") == "/home" &&
               mount.value("source", "") == place.source &&
               mount.contains("options") &&
               std::count(mount["options"].begin(), mount["options"].end(),
                          "ro") +
                       std::count(mount["options"].begin(),
                                  mount["options"].end(), "rro") >=
                   1;
      });
  answer.Expect(
      answer.Status() == 0 && has_variable && has_mount &&
          at("/process/args") == nlohmann::json({"echo", word}) &&
          at("/process/cwd") == "/home" && at("/process/user/uid") == 7 &&
          at("/process/user/gid") == 8 && at("/root/readonly") == true &&
          at("/hostname") == word,
      "an object with process (args, cwd, env, user), root (readonly), "
      "hostname, mounts (destination, source, options), as the OCI has them");
}

TEST_F(Grade, BadVolumesAreRefused) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string source = place.source;
  const std::vector<Words> bad = {
      {"-v", source + "/missing:/home"},
      {"-v", source + ":home"},
      {"-v", source + ":/"},
      {"-v", source + ":/proc"},
      {"-v", source + ":/home:shiny"},
      {"-v", source + ":/home", "-v", source + ":/home"},
      {"-tmpfs", "home"},
      {"-u", "nobody-of-that-name"},
      {"-ulimit", "nofile=9:8"},
      {"-ulimit", "width=1"},
      {"-e", "=value"},
  };
  for (const Words& flags : bad) {
    if (!Try({"echo", "started"}, place.With(flags))
             .ExpectRefusal("it is nothing that can be done")) {
      return;
    }
  }
}

// Exercises.

TEST_F(Grade, MountFlagMountsAllKinds) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const Volume volume;
  const std::string word = RandomName() + "\n";
  place.Write("source/there", word);
  const Words flags = {
      "-mount", "type=bind,source=" + place.source + ",target=/home,readonly",
      "-mount", "type=volume,source=" + volume.name + ",target=/srv/data",
      "-mount", "type=tmpfs,target=/tmp"};
  if (place
          .Ask(flags,
               "cat /home/there; (: >/home/new) 2>/dev/null || echo refused;"
               " echo kept >/srv/data/file; : >/tmp/new")
          .ExpectOutput(word + "refused\n")) {
    place.Ask({"-v", volume.name + ":/srv/data"}, "cat /srv/data/file; ls /tmp")
        .ExpectOutput("kept\n");
  }
}

TEST_F(Grade, MountFlagRefusesNonsense) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const std::string bind = "type=bind,source=" + place.source;
  if (!Try({"true"}, place.With({"-mount", bind + ",target=/home"}))
           .ExpectStatus(0)) {
    return;
  }
  for (const std::string& bad : {std::string("type=magic,target=/home"), bind,
                                 std::string("type=bind,target=/home"),
                                 bind + ",target=/home,shiny=yes"}) {
    if (!Try({"echo", "started"}, place.With({"-mount", bad}))
             .ExpectRefusal("no such mount can be made")) {
      return;
    }
  }
}

TEST_F(Grade, InspectTellsWhereAVolumeIs) {
  SKIP_IF(WhyNoTool("busybox"));
  const Place place;
  const Volume volume;
  const std::string word = RandomName() + "\n";
  place.Ask({"-v", volume.name + ":/home/data"},
            "printf %s '" + word + "' >/home/data/file");
  const Answer answer =
      Try(Invocation{.args = {"volume", "inspect", volume.name}});
  const nlohmann::json volumes =
      nlohmann::json::parse(answer.out, nullptr, false);
  const bool is_one = volumes.is_array() && volumes.size() == 1 &&
                      volumes[0].is_object() &&
                      volumes[0].value("Name", "") == volume.name;
  const std::string at = is_one ? volumes[0].value("Mountpoint", "") : "";
  if (answer.Expect(!at.empty() && answer.Status() == 0,
                    "an array with one object, with Name and Mountpoint")) {
    ExpectOnHost(answer, at + "/file", word);
  }
}

TEST_F(Grade, InspectRefusesWhatIsNotThere) {
  const Volume volume;
  Try(Invocation{.args = {"volume", "create", volume.name}});
  if (!Try(Invocation{.args = {"volume", "inspect", volume.name}})
           .ExpectStatus(0)) {
    return;
  }
  Try(Invocation{.args = {"volume", "inspect", RandomName()}})
      .ExpectRefusal("there is no such volume");
}

}  // namespace
}  // namespace blackbox
