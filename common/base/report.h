// From chapter 0.
//
// A program's findings, in rows, and the two ways to print them.

#ifndef MYDOCKER_COMMON_BASE_REPORT_H_
#define MYDOCKER_COMMON_BASE_REPORT_H_

#include <string>
#include <vector>

namespace mydocker {

// The word that a row begins with.
enum class Verdict {
  kNone,  // The row is a fact without a verdict.
  // For what the machine must be able to do, from good to bad:
  kOk,       // It was tried, and it works.
  kLimited,  // It works in part, or for root only.
  kNo,       // It does not work.
  // Of two processes:
  kSame,
  kDifferent,
};

// One finding.
struct Row {
  std::string name;
  Verdict verdict = Verdict::kNone;
  std::string detail;    // What was seen.
  std::string fix = {};  // What to do about it; empty if nothing is wrong.
};

// Rows on one topic. `id` is its name in the JSON, `title` its heading.
struct Section {
  std::string id;
  std::string title;
  std::vector<Row> rows;
};

using Report = std::vector<Section>;

// Returns the report for people: aligned, in lines of at most 80 columns unless
// a word is longer. Control characters, which a process's command line may
// contain, are shown as \xNN.
std::string ToText(const Report& report);

// Returns the report for scripts: an object (RFC 8259) with a member for each
// section, an array of {"name", "verdict", "detail", "fix"}. Bytes that are
// not UTF-8 become U+FFFD.
std::string ToJson(const Report& report);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_REPORT_H_
