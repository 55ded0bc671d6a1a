#include "tests/support/memory.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/support/launch.h"
#include "tests/support/proc.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

// Bytes of swap that are free.
uint64_t FreeSwap() {
  std::ifstream file("/proc/swaps");
  std::string line;
  std::getline(file, line);  // The heading.
  uint64_t kibibytes = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    std::string type;
    uint64_t size = 0;
    uint64_t used = 0;
    words >> name >> type >> size >> used;
    kibibytes += size - used;
  }
  return kibibytes * 1024;
}

// Adds up a line of /proc/PID/status that is in kibibytes.
uint64_t Sum(const std::vector<pid_t>& pids, const std::string& field) {
  uint64_t kibibytes = 0;
  for (const pid_t pid : pids) {
    const std::vector<std::string> words = StatusField(pid, field);
    kibibytes += words.empty() ? 0 : strtoull(words[0].c_str(), nullptr, 10);
  }
  return kibibytes * 1024;
}

}  // namespace

std::vector<std::string> TakeMemory(uint64_t bytes) {
  return {"dd",
          "if=/dev/zero",
          "of=/dev/null",
          "status=none",
          absl::StrCat("bs=", bytes),
          "count=1"};
}

std::string TakeMemoryInShell(uint64_t bytes) {
  return absl::StrCat("dd if=/dev/zero of=/dev/null status=none count=1 bs=",
                      bytes, " 2>/dev/null");
}

uint64_t MemoryOfSanitizers() { return IsSanitized() ? 24 * kMiB : 0; }

Outcome ExpectedOutcome(uint64_t excess) {
  // With a reserve: other programs use swap too, and not every page finds room.
  return FreeSwap() >= excess / 4 * 5 + 8 * kMiB ? Outcome::kHeld
                                                 : Outcome::kKilled;
}

uint64_t ResidentMemory(const std::vector<pid_t>& pids) {
  return Sum(pids, "RssAnon");
}

uint64_t SwappedMemory(const std::vector<pid_t>& pids) {
  return Sum(pids, "VmSwap");
}

testing::AssertionResult AreHeldAt(
    uint64_t limit, uint64_t excess,
    const std::function<std::vector<pid_t>()>& processes) {
  uint64_t resident = 0;
  uint64_t swapped = 0;
  // Both are read at one moment: pages that are written move in and out all the
  // time.
  const bool held = WaitUntil([&] {
    const std::vector<pid_t> pids = processes();
    resident = ResidentMemory(pids);
    swapped = SwappedMemory(pids);
    return resident >= limit / 100 * 90 && resident <= limit / 100 * 101 &&
           swapped + kCounterSlack >= excess;
  });
  return (held ? testing::AssertionSuccess() : testing::AssertionFailure())
         << resident / 1024 << " KiB in RAM and " << swapped / 1024
         << " KiB in swap, where the limit is " << limit / 1024
         << " KiB and the process wants " << excess / 1024 << " KiB more";
}

}  // namespace blackbox
