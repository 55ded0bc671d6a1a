// Which chapter a test program is for.

#ifndef MYDOCKER_TESTS_SUPPORT_CHAPTER_H_
#define MYDOCKER_TESTS_SUPPORT_CHAPTER_H_

#include <set>
#include <string>
#include <vector>

namespace blackbox {

struct Chapter {
  // Its folder below chapters/: "03-pid-ns".
  std::string folder;
  // The kinds of its container's own namespaces, as /proc/PID/ns names them:
  // "uts", "ipc", "pid", "mnt", "user", "net".
  std::set<std::string> namespaces = {};
  // The words between the program's name and the command: {"run", "-ti"}.
  std::vector<std::string> before_command = {};
  // Where make puts the program, below build/; empty: chapters/FOLDER/run.
  std::string program = "";
};

// The chapter that the test program is named after: run_init_signal_test is for
// 08-run-init. This default knows only the folder. A test program with another
// name, or one that needs more, defines this itself.
const Chapter& ChapterUnderTest();

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_CHAPTER_H_
