#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/report.h"
#include "doctor/chapters.h"
#include "doctor/checks.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

// The fix for a chapter's program, not for the doctor.
constexpr char kSudoForTheProgram[] = "sudo ./run";

// Returns the row, or one that says NO if the report has no such row.
Row FindRow(const Report& report, absl::string_view id,
            absl::string_view name) {
  for (const Section& section : report) {
    for (const Row& row : section.rows) {
      if (section.id == id && row.name == name) {
        return row;
      }
    }
  }
  return {absl::StrCat(name), Verdict::kNo, "this kernel does not tell of it",
          "another kernel: docs/lab.md"};
}

void AddOnce(std::vector<std::string>& words, const std::string& word) {
  if (!word.empty() && !absl::c_linear_search(words, word)) {
    words.push_back(word);
  }
}

Row Judge(const ChapterTrial& chapter, const Report& report) {
  Row row = {chapter.name, Verdict::kOk, ""};
  std::vector<std::string> reasons;
  std::vector<std::string> fixes;
  // Whether the row says why the program does not work.
  bool explained = chapter.outcome.ok();
  if (TakesRoot(chapter.outcome)) {
    row.verdict = Verdict::kLimited;
    explained = true;
    reasons.emplace_back("for root only");
    fixes.emplace_back(kSudoForTheProgram);
  } else if (!chapter.outcome.ok()) {
    row.verdict = Verdict::kNo;
  }
  for (const Need& need : chapter.needs) {
    const Row found = FindRow(report, need.section, need.row);
    if (found.verdict != Verdict::kOk && found.fix != kSudo) {
      explained = explained || found.verdict == Verdict::kNo;
      row.verdict = std::max(row.verdict, Verdict::kLimited);
      AddOnce(reasons, absl::StrCat(found.name, ": ", found.detail));
      AddOnce(fixes, found.fix);
    }
  }
  // The program failed although each part of it works.
  if (!explained) {
    reasons.insert(reasons.begin(), absl::StrCat(chapter.outcome.message()));
  }
  row.detail = absl::StrJoin(reasons, "; ");
  row.fix = absl::StrJoin(fixes, "; ");
  if (row.verdict == Verdict::kOk) {
    const bool swap =
        FindRow(report, "machine", "swap").verdict == Verdict::kOk;
    row.detail = swap || !chapter.swaps
                     ? "ready"
                     : "ready, but without swap stress is killed at its limit";
  }
  return row;
}

}  // namespace

Section CheckChapters(const Report& report) {
  Section section = {"chapters", "Chapters", {}};
  for (const ChapterTrial& chapter : TryChapters()) {
    section.rows.push_back(Judge(chapter, report));
  }
  return section;
}

bool IsEveryChapterReady(const Report& report) {
  return absl::c_all_of(report, [](const Section& section) {
    return section.id != "chapters" ||
           absl::c_all_of(section.rows, [](const Row& row) {
             return row.verdict == Verdict::kOk;
           });
  });
}

}  // namespace mydocker
