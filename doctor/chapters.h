// What each chapter needs of this machine. A new chapter gets a file in
// doctor/chapters, and a line in each of the two tables, here and in
// chapters.cc.

#ifndef MYDOCKER_DOCTOR_CHAPTERS_H_
#define MYDOCKER_DOCTOR_CHAPTERS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// A row of the report that a chapter's page depends on.
struct Need {
  absl::string_view section;
  absl::string_view row;
};

struct ChapterTrial {
  std::string name;
  // The result of the steps of its program, up to where the command would
  // start.
  absl::Status outcome;
  // What else its page needs.
  std::vector<Need> needs;
  // Whether its workload is meant to be swapped out.
  bool swaps = false;
};

// Each tries one chapter.
ChapterTrial TryUtsNs();
ChapterTrial TryIpcNs();
ChapterTrial TryPidNs();
ChapterTrial TryMountNs();
ChapterTrial TryUserNs();
ChapterTrial TryNetNs();
ChapterTrial TryCgroupMemory();
ChapterTrial TryRunInit();
ChapterTrial TryRootfs();
ChapterTrial TryUnionFs();
ChapterTrial TryFuseUnion();
ChapterTrial TryVolumes();

// Tries all chapters, in their order.
std::vector<ChapterTrial> TryChapters();

}  // namespace mydocker

#endif  // MYDOCKER_DOCTOR_CHAPTERS_H_
