// What the kernel reports about processes in /proc (proc(5)).
//
// The tests trust these files, not the program under test.

#ifndef MYDOCKER_TESTS_SUPPORT_PROC_H_
#define MYDOCKER_TESTS_SUPPORT_PROC_H_

#include <sys/types.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace blackbox {

// Returns the content of a file, empty if it cannot be read: the files of a
// process that has just ended are gone.
std::string ReadFile(const std::string& path);

// Returns the content of a file as lines, without their ends.
std::vector<std::string> ReadLines(const std::string& path);

// Returns the words of the line `field` of /proc/PID/status, e.g. for "Uid" the
// real, effective, saved and file system uid. Empty if there is none.
std::vector<std::string> StatusField(pid_t pid, const std::string& field);

// Returns the process's pid in each PID namespace that it is in, the reader's
// first, its own last: two pids in a container of chapter 3.
std::vector<pid_t> NamespacePids(pid_t pid);

// Returns the namespaces of a process, in the form of namespaces(7): {"uts",
// "uts:[4026531838]"}, …
std::map<std::string, std::string> NamespacesOf(pid_t pid);

// Returns the kinds ("uts", "mnt", …) of the namespaces in which the two
// processes differ.
std::set<std::string> NamespacesThatDiffer(pid_t one, pid_t other);

// Returns the open file descriptors of a process.
std::set<int> OpenFiles(pid_t pid);

// Returns the arguments that a process was executed with, byte for byte.
std::vector<std::string> ArgumentsOf(pid_t pid);

// Returns the processes that descend from `pid`, children first. Zombies are
// among them.
std::vector<pid_t> DescendantsOf(pid_t pid);

// Returns whether there is a process `pid` that has not ended: a zombie has.
bool IsAlive(pid_t pid);

// Returns "PID (name) state", to be printed when a test fails.
std::string Describe(pid_t pid);

// Waits until the process has ended, whoever its parent is, and returns whether
// it did within kPatience.
bool WaitForEnd(pid_t pid);

// Returns the descendant of `pid` that is process 1 of a PID namespace of its
// own: the container's first process. Waits until it exists; 0 if it does not
// appear.
pid_t FindInit(pid_t pid);

// Runs `look` in a process that has entered these namespaces ("ipc", "mnt",
// "user", …) of the process `pid` by setns(2), and returns what it returns.
// "user" has to come first. An empty answer also stands for a failure to enter.
std::string AskInside(pid_t pid, const std::vector<std::string>& kinds,
                      const std::function<std::string()>& look);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_PROC_H_
