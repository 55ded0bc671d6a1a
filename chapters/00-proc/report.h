// What this chapter finds out, and the two ways to print it.

#ifndef MYDOCKER_CHAPTERS_00_PROC_REPORT_H_
#define MYDOCKER_CHAPTERS_00_PROC_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mydocker {

// The word that a row begins with.
enum class Verdict {
  kNone,  // The row is a fact, and nothing is said about it.
  // Of what the machine must be able to do, from good to bad:
  kOk,       // It was tried, and it works.
  kLimited,  // It works in part, or for root only.
  kNo,       // It does not work.
  // Of two processes:
  kSame,
  kDifferent,
};

// Returns the verdict as it is printed: "OK", "LIMITED", "NO", "same",
// "different"; "" for kNone.
absl::string_view VerdictName(Verdict verdict);

// One thing that was looked at.
struct Row {
  std::string name;
  Verdict verdict = Verdict::kNone;
  std::string detail;     // What was seen.
  std::string cure = {};  // What to do about it; empty if nothing is wrong.
};

// Rows on one topic. `id` is its name in the JSON, `title` its heading.
struct Section {
  std::string id;
  std::string title;
  std::vector<Row> rows;
};

using Report = std::vector<Section>;

// Returns the row `name` of the section `id`, or a row that says NO and that
// nothing is known of it.
Row FindRow(const Report& report, absl::string_view id, absl::string_view name);

// Returns the report for people: aligned, in lines of at most 80 columns as far
// as the words allow it. Control characters, which a process may well have in
// its command line, are shown as \xNN.
std::string ToText(const Report& report);

// Returns the report for scripts: an object (RFC 8259) with a member for each
// section, an array of {"name", "verdict", "detail", "cure"}. Bytes that are
// not UTF-8 become U+FFFD.
std::string ToJson(const Report& report);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_REPORT_H_
