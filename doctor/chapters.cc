#include "doctor/chapters.h"

namespace mydocker {
namespace {

constexpr ChapterTrial (*kTrials[])() = {
    TryUtsNs,  TryIpcNs,   TryPidNs,        TryMountNs,
    TryUserNs, TryNetNs,   TryCgroupMemory, TryRunInit,
    TryRootfs, TryUnionFs, TryFuseUnion,    TryVolumes,
};

}  // namespace

std::vector<ChapterTrial> TryChapters() {
  std::vector<ChapterTrial> trials;
  for (const auto& trial : kTrials) {
    trials.push_back(trial());
  }
  return trials;
}

}  // namespace mydocker
