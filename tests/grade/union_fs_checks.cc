// Chapter 10: files in layers.
//
// All file names are random: if a program mixes up containers, one check's
// leftovers must not fail another check.

#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/grade/grade.h"
#include "tests/grade/hosts_mounts.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

// A directory for layers, in which "base" is a root file system.
struct Layers {
  const std::string base = MakeRootfs("base");

  static std::string Path(const std::string& name) {
    return TestDirectory() + "/" + name;
  }
  // Writes a file there, and makes its parent directories.
  static void Write(const std::string& name, const std::string& content) {
    fs::create_directories(fs::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  // The words that name these layers, the lowest first.
  static Words Flags(const Words& names) {
    Words flags;
    for (const std::string& name : names) {
      flags.insert(flags.end(), {"-layer", Path(name)});
    }
    return flags;
  }
};

// Runs a shell script in a container with these layers.
Answer Ask(const Words& layers, const std::string& script) {
  return Try({"sh", "-c", script}, Layers::Flags(layers));
}

// The same over "base"; what it changes is kept in "kept".
Answer Keep(const std::string& script) {
  Words flags = Layers::Flags({"base"});
  flags.insert(flags.end(), {"-keep-upper", Layers::Path("kept")});
  return Try({"sh", "-c", script}, flags);
}

Answer Commit(const std::string& name) {
  return Try(Invocation{.args = {"commit", Layers::Path(name)}});
}

// Runs the host's own tools in the directory of the layers, and returns their
// output.
std::string OnHost(const std::string& command) {
  return RunOnHost("cd '" + TestDirectory() + "' && { " + command + "\n}").out;
}

// The archive's files in one line, for comparison: "a b".
std::string ListOf(const std::string& archive) {
  Words names =
      absl::StrSplit(OnHost("tar --list --file " + archive + " 2>/dev/null"),
                     '\n', absl::SkipEmpty());
  for (std::string& name : names) {
    name = fs::path(name).lexically_normal();
  }
  return absl::StrJoin(names, " ");
}

// Complains unless the archive contains this file, or does not, as expected.
bool ExpectInArchive(const Answer& answer, const std::string& archive,
                     const std::string& name, bool wanted = true) {
  const std::string list = ListOf(archive);
  const Words names = absl::StrSplit(list, ' ');
  const bool found = std::count(names.begin(), names.end(), name) > 0;
  if (found != wanted) {
    Complain(absl::StrCat(answer.ran, "\ntar -tf ", Layers::Path(archive)),
             wanted ? name + ", among others" : "no " + name,
             list.empty() ? "nothing" : list);
  }
  return found == wanted;
}

TEST_F(Grade, LayersAreSeenAsOne) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  Words names;
  std::string words;
  std::string script = "cat";
  for (const char* layer : {"base", "one", "two"}) {
    const std::string name = absl::StrCat("etc/", RandomName());
    const std::string word = RandomName() + "\n";
    layers.Write(absl::StrCat(layer, "/", name), word);
    absl::StrAppend(&words, word);
    absl::StrAppend(&script, " /", name);
  }
  Ask({"base", "one", "two"}, script).ExpectOutput(words);
}

TEST_F(Grade, LastLayerIsOnTop) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = "etc/" + RandomName();
  for (const char* layer : {"one", "two"}) {
    layers.Write(absl::StrCat(layer, "/", name), absl::StrCat(layer, "\n"));
  }
  if (Ask({"base", "one", "two"}, "cat /" + name).ExpectOutput("two\n")) {
    Ask({"base", "two", "one"}, "cat /" + name).ExpectOutput("one\n");
  }
}

TEST_F(Grade, FilesCanBeChanged) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = RandomName();
  for (const char* file : {"changed", "deleted"}) {
    layers.Write(absl::StrCat("base/home/", name, "/", file), "before\n");
  }
  Ask({"base"}, absl::StrCat("cd /home/", name,
                             "; echo after >>changed; rm deleted; "
                             "echo new >added; ls; cat changed"))
      .ExpectOutput("added\nchanged\nbefore\nafter\n");
}

// The paths of the files that differ.
Words Differences(const std::map<std::string, std::string>& one,
                  const std::map<std::string, std::string>& other) {
  std::set<std::string> paths;
  for (const auto& [from, to] : {std::tie(one, other), std::tie(other, one)}) {
    for (const auto& [path, state] : from) {
      const auto found = to.find(path);
      if (found == to.end() || found->second != state) {
        paths.insert(path);
      }
    }
  }
  return {paths.begin(), paths.end()};
}

// With a single layer, and with several.
TEST_F(Grade, LayersStayAsTheyWere) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = RandomName();
  layers.Write("base/etc/" + name, "before\n");
  layers.Write("base/home/" + name + "/file", "");
  layers.Write("one/etc/other", "");
  const std::map<std::string, std::string> before = Inventory(TestDirectory());
  for (const Words& names : {Words{"base"}, Words{"base", "one"}}) {
    const Answer answer = Ask(
        names, absl::StrCat("echo after >/etc/", name, "; rm -r /home/", name,
                            "; chmod 700 /etc; mv /root /root2; touch /root2/",
                            name, "; cat /etc/", name));
    if (!answer.ExpectOutput("after\n")) {
      return;
    }
    const Words changed = Differences(before, Inventory(TestDirectory()));
    if (!answer.Expect(changed.empty(), "nothing in a layer is changed",
                       "changed: " + absl::StrJoin(changed, " "))) {
      return;
    }
  }
}

TEST_F(Grade, TwoDoNotSeeEachOther) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string file = "/etc/" + RandomName();
  layers.Write("base" + file, "before\n");
  Shell one(Layers::Flags({"base"}));
  Shell other(Layers::Flags({"base"}));
  if (!one.IsThere() || !other.IsThere()) {
    return;
  }
  one.Ask("echo one >" + file);
  if (other.Expect("cat " + file, "before")) {
    other.Ask("rm " + file);
    one.Expect("cat " + file, "one");
  }
}

TEST_F(Grade, ChangesGoWithTheContainer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string file = "/etc/" + RandomName();
  const std::string script = absl::StrCat("ls ", file, " 2>&1; echo x >", file);
  if (Ask({"base"}, script).ExpectStatus(0)) {
    const Answer again = Ask({"base"}, script);
    again.Expect(again.Status() == 0 && absl::StrContains(again.out, "No such"),
                 "No such file or directory, as in the first run");
  }
}

// Complains if there is a file of this name in any of the places where a
// program would have its upper directories.
void ExpectNowhere(const Answer& answer, const std::string& name) {
  const std::string look =
      "find /tmp /var/lib /var/tmp /run /dev/shm \"${TMPDIR:-/tmp}\" -xdev "
      "-maxdepth 6 -name " +
      name;
  const std::string found = OnHost(look + " 2>/dev/null; true");
  answer.Expect(found.empty(), "host$ sudo " + look + "\nnothing",
                "host$ sudo " + look + "\n" + found);
}

TEST_F(Grade, UpperGoesWithTheContainer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = RandomName();
  const Answer answer = Ask({"base"}, absl::StrCat("echo x >/", name));
  if (answer.ExpectStatus(0)) {
    ExpectNowhere(answer, name);
  }
}

TEST_F(Grade, UpperGoesAfterASignalToo) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = RandomName();
  Shell shell(Layers::Flags({"base"}));
  if (!shell.IsThere() ||
      !shell.Expect(absl::StrCat("touch /", name, "; ls /", name,
                                 "   # then, on the host: sudo kill -TERM ",
                                 shell.program(), ", the program"),
                    "/" + name)) {
    return;
  }
  shell.Signal(SIGTERM);
  ExpectNowhere(shell.Wait(), name);
}

TEST_F(Grade, HostDoesNotSeeTheMount) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const auto mounts = [] { return MountPointsOf(getpid()); };
  const std::vector<std::string> before = mounts();
  const Shell shell(Layers::Flags({"base"}));
  if (!shell.IsThere()) {
    return;
  }
  Words added;
  for (const std::string& point : mounts()) {
    if (std::count(before.begin(), before.end(), point) == 0) {
      added.push_back(point);
    }
  }
  shell.Expect(
      added.empty(),
      "host$ cat /proc/self/mountinfo\nthe same mounts as before",
      "host$ cat /proc/self/mountinfo\nnew: " + absl::StrJoin(added, " "));
}

TEST_F(Grade, LayeredRootIsItsOwn) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  Shell shell(Layers::Flags({"base"}));
  if (shell.IsThere() &&
      shell.Expect("head -1 /proc/mounts | cut -d' ' -f2,3", "/ overlay")) {
    ExpectNoMountOfTheHosts(shell);
  }
}

// The kernel accepts only one page for all options of a mount.
TEST_F(Grade, ManyLayersFit) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  Words names = {"base"};
  for (int i = 0; i < 60; ++i) {
    names.push_back(absl::StrCat("layer-", std::string(100, 'x'), i));
    layers.Write(absl::StrCat(names.back(), "/home/many/", i), "");
  }
  Ask(names, "ls /home/many | wc -l").ExpectOutput("60\n");
}

// A colon and a comma have a meaning in the options of overlayfs.
TEST_F(Grade, LayersMayHaveStrangeNames) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  Words names = {"base"};
  for (const char* name : {"a:b", "a,b", "a b", "a\\b", "-v", "\"'"}) {
    names.emplace_back(name);
    layers.Write(absl::StrCat(name, "/home/strange/", names.size()), "");
  }
  Ask(names, "cd /home/strange; echo *").ExpectOutput("2 3 4 5 6 7\n");
}

// The changes of a container in "kept": a file of each kind, with a random
// name.
struct Changes {
  const std::string added = "etc/" + RandomName();
  const std::string changed = "etc/" + RandomName();
  const std::string deleted = "etc/" + RandomName();
  const std::string untouched = "etc/" + RandomName();
  const std::string script = absl::StrCat(
      "echo new >/", added, "; echo after >>/", changed, "; rm /", deleted);
  Changes() {
    for (const std::string& name : {changed, deleted, untouched}) {
      Layers::Write("base/" + name, "before\n");
    }
  }
};

TEST_F(Grade, ChangesAreKept) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  const Answer answer = Keep(changes.script);
  if (!answer.ExpectStatus(0)) {
    return;
  }
  const auto expect_file = [&](const std::string& name,
                               const std::string& content) {
    const std::string path = Layers::Path("kept/" + name);
    const std::string came = ReadFile(path);
    return answer.Expect(came == content,
                         absl::StrCat("host$ cat ", path, "\n", content),
                         absl::StrCat("host$ cat ", path, "\n", came));
  };
  if (!expect_file(changes.added, "new\n") ||
      !expect_file(changes.changed, "before\nafter\n")) {
    return;
  }
  struct stat whiteout = {};
  const std::string path = Layers::Path("kept/" + changes.deleted);
  const bool there = lstat(path.c_str(), &whiteout) == 0;
  answer.Expect(
      there && S_ISCHR(whiteout.st_mode) && whiteout.st_rdev == makedev(0, 0),
      absl::StrCat(path, " is a character device 0, 0"),
      there ? "it is something else" : "it is not there");
  const std::string other = Layers::Path("kept/" + changes.untouched);
  answer.Expect(!fs::exists(other), "no file there that was not changed",
                other);
}

TEST_F(Grade, KeptChangesCanBeGoneOnWith) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string file = "/etc/" + RandomName();
  if (Keep("echo 1 >>" + file).ExpectStatus(0)) {
    Keep(absl::StrCat("echo 2 >>", file, "; cat ", file))
        .ExpectOutput("1\n2\n");
  }
}

TEST_F(Grade, KeptChangesCanBeALayer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  if (Keep(changes.script).ExpectStatus(0)) {
    Ask({"base", "kept"},
        absl::StrCat("cat /", changes.added, " /", changes.changed, "; ls /",
                     changes.deleted, " 2>/dev/null || echo deleted"))
        .ExpectOutput("new\nbefore\nafter\ndeleted\n");
  }
}

TEST_F(Grade, CommitTellsTheLayer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const int size = RandomNumber(1000, 9000);
  if (!Keep(absl::StrCat("head -c ", size, " /dev/zero >/home/", RandomName()))
           .ExpectStatus(0)) {
    return;
  }
  const Answer answer = Commit("kept");
  const std::string sum = OnHost("sha256sum <kept.tar").substr(0, 64);
  answer.Expect(
      answer.Status() == 0 &&
          answer.out == absl::StrCat("sha256:", sum, "  ", size, " B  ",
                                     Layers::Path("kept.tar"), "\n"),
      absl::StrCat("a line: sha256:", sum.empty() ? "SUM" : sum, "  ", size,
                   " B  ", Layers::Path("kept.tar"),
                   "\n(the archive's sum, and the bytes in its files)"));
}

TEST_F(Grade, CommitPacksWhatIsThere) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  if (!Keep(changes.script).ExpectStatus(0)) {
    return;
  }
  const Answer answer = Commit("kept");
  if (answer.ExpectStatus(0) &&
      ExpectInArchive(answer, "kept.tar", changes.added) &&
      ExpectInArchive(answer, "kept.tar", changes.changed)) {
    const std::string command = "tar -xOf kept.tar " + changes.changed;
    const std::string came =
        OnHost(command + " 2>&1 || tar -xOf kept.tar ./" + changes.changed);
    answer.Expect(absl::EndsWith(came, "before\nafter\n"),
                  absl::StrCat("host$ ", command, "\nbefore\nafter"), came);
  }
}

TEST_F(Grade, DeletedFilesHaveMarks) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  if (!Keep(changes.script).ExpectStatus(0)) {
    return;
  }
  const Answer answer = Commit("kept");
  const fs::path deleted = changes.deleted;
  if (answer.ExpectStatus(0) &&
      ExpectInArchive(
          answer, "kept.tar",
          deleted.parent_path() / (".wh." + deleted.filename().string()))) {
    ExpectInArchive(answer, "kept.tar", changes.deleted, /*wanted=*/false);
  }
}

TEST_F(Grade, OpaqueDirectoriesHaveMarks) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string folder = "home/" + RandomName();
  layers.Write("base/" + folder + "/old", "");
  if (!Keep(absl::StrCat("rm -r /", folder, "; mkdir /", folder, "; echo x >/",
                         folder, "/new"))
           .ExpectStatus(0)) {
    return;
  }
  const Answer answer = Commit("kept");
  if (answer.ExpectStatus(0) &&
      ExpectInArchive(answer, "kept.tar", folder + "/new")) {
    ExpectInArchive(answer, "kept.tar", folder + "/.wh..wh..opq");
  }
}

TEST_F(Grade, SameChangesAreTheSameLayer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  if (!Keep(changes.script).ExpectStatus(0)) {
    return;
  }
  const Answer one = Commit("kept");
  if (!one.Expect(one.Status() == 0 && one.out.size() > 71,
                  "exit status 0, and the layer's id")) {
    return;
  }
  OnHost("cp -a kept copy");
  // In another second, because the time of packing must not matter.
  const time_t second = time(nullptr);
  WaitUntil([second] { return time(nullptr) > second; });
  const Answer other = Commit("copy");
  other.Expect(
      other.Status() == 0 && other.out.substr(0, 71) == one.out.substr(0, 71),
      absl::StrCat(one.out.substr(0, 71),
                   ", as of the directory of which this is a copy"));
}

// Made by hand, as other tools make them.
TEST_F(Grade, ArchiveIsALayer) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string name = RandomName();
  for (const char* file : {"etc/hidden-", "home/old-", "home/kept-"}) {
    layers.Write(absl::StrCat("base/", file, name), "");
  }
  layers.Write("base/home/" + name + "/old", "");
  for (const std::string& file :
       {"etc/.wh.hidden-" + name, "home/.wh.old-" + name,
        "home/" + name + "/.wh..wh..opq", "home/" + name + "/new"}) {
    layers.Write("by-hand/" + file, "");
  }
  OnHost("tar --create --file layer.tar --directory by-hand .");
  const Answer answer =
      Ask({"base", "layer.tar"},
          absl::StrCat("ls -A /etc | grep ", name, "; cd /home; ls -A . ", name,
                       " | grep -v '^$'"));
  answer.ExpectOutput(
      absl::StrCat(".:\nkept-", name, "\n", name, "\n", name, ":\nnew\n"));
}

TEST_F(Grade, BadLayersAreRefused) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  layers.Write("file", RandomName());
  if (!Try({"true"}, layers.Flags({"base"})).ExpectStatus(0)) {
    return;
  }
  for (const Words& flags :
       {Words{"-layer", Layers::Path(RandomName())},
        Words{"-layer", layers.base, "-layer", Layers::Path("file")},
        Words{"-layer", layers.base, "-layer", layers.base},
        Words{"-layer", layers.base, "-rootfs", layers.base}}) {
    const Answer answer = Try({"echo", "started"}, flags);
    if (!answer.ExpectRefusal("the command is not started")) {
      return;
    }
  }
}

// Exercise: history.

// A layer's archive, made by the host's tar.
struct Archive {
  std::string file;
  std::string id;
  int size;

  explicit Archive(const std::string& name)
      : file(Layers::Path(name + ".tar")), size(RandomNumber(1000, 9000)) {
    Layers::Write(name + "/home/" + RandomName(), std::string(size, 'x'));
    OnHost(absl::StrCat("tar --create --file ", file, " --directory ", name,
                        " ."));
    id = "sha256:" + OnHost("sha256sum <" + file).substr(0, 64);
  }
  std::string Line() const {
    return absl::StrCat(id, "  ", size, " B  ", file);
  }
};

TEST_F(Grade, HistoryTellsEachLayer) {
  const Archive one("one");
  const Archive two("two");
  Try(Invocation{.args = {"history", one.file, two.file}})
      .ExpectOutput(absl::StrCat(one.Line(), "\n", two.Line(), "\n"));
}

TEST_F(Grade, HistoryKnowsCompressedLayers) {
  Archive layer("one");
  OnHost("gzip --no-name " + layer.file);
  layer.file += ".gz";
  Try(Invocation{.args = {"history", layer.file}})
      .ExpectOutput(layer.Line() + "\n");
}

// Exercise: diff.

// The lines of `diff`, without their order and without folders.
std::string WithoutFolders(const std::string& output,
                           const std::string& folder) {
  Words lines = absl::StrSplit(output, '\n', absl::SkipEmpty());
  lines.erase(std::remove(lines.begin(), lines.end(), "C " + folder),
              lines.end());
  std::sort(lines.begin(), lines.end());
  return absl::StrJoin(lines, "\n");
}

TEST_F(Grade, DiffTellsTheKindOfChange) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const Changes changes;
  if (!Keep(changes.script).ExpectStatus(0)) {
    return;
  }
  const Answer answer = Try(Invocation{
      .args = {"diff", "-layer", layers.base, Layers::Path("kept")}});
  const std::string wanted = absl::StrCat(
      "A /", changes.added, "\nC /", changes.changed, "\nD /", changes.deleted);
  answer.Expect(
      answer.Status() == 0 && WithoutFolders(answer.out, "/etc") == wanted,
      wanted);
}

// Deleted in one layer and made in the upper: added.
TEST_F(Grade, DiffLooksThroughAllLayers) {
  SKIP_IF(WhyNoTool("busybox"));
  const Layers layers;
  const std::string again = "etc/" + RandomName();
  const std::string below = "etc/" + RandomName();
  for (const std::string& name : {again, below}) {
    layers.Write("base/" + name, "");
    layers.Write("upper/" + name, "x");
  }
  layers.Write("middle/etc/other", "");
  ASSERT_EQ(
      mknod(Layers::Path("middle/" + again).c_str(), S_IFCHR, makedev(0, 0)),
      0);
  const Answer answer =
      Try(Invocation{.args = {"diff", "-layer", layers.base, "-layer",
                              Layers::Path("middle"), Layers::Path("upper")}});
  const std::string wanted = absl::StrCat("A /", again, "\nC /", below);
  answer.Expect(
      answer.Status() == 0 && WithoutFolders(answer.out, "/etc") == wanted,
      wanted);
}

// Exercise: squash.

// Two layers of which the upper deletes files of the lower and of the base, and
// the content of a folder.
struct TwoLayers {
  const std::string name = RandomName();
  const std::string word = RandomName();

  TwoLayers() {
    const Layers layers;
    for (const std::string file :
         {"base/etc/a-", "base/etc/b-", "base/etc/c-", "lower/home/gone-",
          "lower/etc/.wh.a-", "lower/home/both-", "upper/etc/.wh.b-",
          "upper/home/.wh.gone-", "upper/home/both-"}) {
      layers.Write(file + name, absl::StartsWith(file, "lower/home/gone")
                                    ? word
                                    : file.substr(0, 1));
    }
    layers.Write(absl::StrCat("base/home/", name, "/old"), "");
    layers.Write(absl::StrCat("lower/home/", name, "/older"), "");
    layers.Write(absl::StrCat("upper/home/", name, "/.wh..wh..opq"), "");
    layers.Write(absl::StrCat("upper/home/", name, "/new"), "");
    for (const char* layer : {"lower", "upper"}) {
      OnHost(absl::StrCat("tar -cf ", layer, ".tar -C ", layer, " ."));
    }
  }
  static Answer Squash() {
    return Try(Invocation{.args = {"squash", Layers::Path("lower.tar"),
                                   Layers::Path("upper.tar"),
                                   Layers::Path("out.tar")}});
  }
};

TEST_F(Grade, SquashedLayerShowsTheSame) {
  SKIP_IF(WhyNoTool("busybox"));
  const TwoLayers layers;
  if (TwoLayers::Squash().ExpectStatus(0)) {
    Ask({"base", "out.tar"},
        absl::StrCat("cd /; ls etc/?-", layers.name, " home/*-", layers.name,
                     " home/", layers.name, "/*; cat home/both-", layers.name))
        .ExpectOutput(absl::StrCat("etc/c-", layers.name, "\nhome/both-",
                                   layers.name, "\nhome/", layers.name,
                                   "/new\nu"));
  }
}

TEST_F(Grade, SquashedLayerHasNothingDeleted) {
  SKIP_IF(WhyNoTool("busybox"));
  const TwoLayers layers;
  const Answer answer = TwoLayers::Squash();
  if (answer.ExpectStatus(0)) {
    const std::string list = ListOf("out.tar");
    answer.Expect(!absl::StrContains(OnHost("cat out.tar"), layers.word) &&
                      absl::StrContains(list, "both-" + layers.name),
                  absl::StrCat("an archive with both-", layers.name,
                               ", and without the content of gone-",
                               layers.name, ", which the upper layer deletes"),
                  list);
  }
}

}  // namespace
}  // namespace blackbox
