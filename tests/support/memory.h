// Programs that take memory, and what should happen to them under a limit.

#ifndef MYDOCKER_TESTS_SUPPORT_MEMORY_H_
#define MYDOCKER_TESTS_SUPPORT_MEMORY_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace blackbox {

inline constexpr uint64_t kMiB = 1 << 20;

// The command line of a program that takes this much memory, fills it, and ends
// with 0. (dd reads one block of zeros into memory of its own.)
std::vector<std::string> TakeMemory(uint64_t bytes);
// The same for a shell script. dd's errors and its report are not printed.
std::string TakeMemoryInShell(uint64_t bytes);

// The memory that the program under test itself adds to the workload's cgroup
// if it is built with AddressSanitizer: the shadow of all memory, and freed
// blocks. 0 for an ordinary build, whose few pages are negligible.
uint64_t MemoryOfSanitizers();

// What happens to a process that allocates more than its limit.
enum class Outcome { kKilled, kHeld };

// What this host does with a process that allocates `excess` bytes more than
// its limit. The kernel moves them to swap, if there is any (/proc/swaps): the
// process is held at its limit. If there is none, the OOM killer ends it.
Outcome ExpectedOutcome(uint64_t excess);

// The anonymous memory of the processes in RAM plus their swap: RssAnon and
// VmSwap of /proc/PID/status. (VmRSS would count a library's pages once for
// each process, and they may be charged to another cgroup: the one that read
// them first.)
uint64_t ResidentMemory(const std::vector<pid_t>& pids);
uint64_t SwappedMemory(const std::vector<pid_t>& pids);

// Waits until the processes that `processes` returns are held at `limit`: they
// have from 90 to 101 per cent of it in RAM, and `excess` bytes in swap.
// Otherwise the failure reports both amounts.
testing::AssertionResult AreHeldAt(
    uint64_t limit, uint64_t excess,
    const std::function<std::vector<pid_t>()>& processes);

// How far the kernel's counters of a process may lag: each processor collects
// some pages before it adds them.
inline constexpr uint64_t kCounterSlack = 4 * kMiB;

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_MEMORY_H_
