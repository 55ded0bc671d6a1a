#include "common/base/report.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace mydocker {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kIndent = 2;
constexpr size_t kGap = 2;

std::string ShowControlCharacters(absl::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&shown, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      shown.push_back(c);
    }
  }
  return shown;
}

// Returns `text` broken into lines at spaces, so that each fits right of
// `column`. A word that is too long for any line gets one of its own.
std::vector<std::string> Wrap(absl::string_view text, size_t column) {
  std::vector<std::string> lines = {""};
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (!lines.back().empty() &&
        column + lines.back().size() + 1 + word.size() > kColumns) {
      lines.emplace_back(word);
    } else {
      absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", word);
    }
  }
  return lines;
}

// As it is printed; nothing for kNone.
absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      return "";
    case Verdict::kOk:
      return "OK";
    case Verdict::kLimited:
      return "LIMITED";
    case Verdict::kNo:
      return "NO";
    case Verdict::kSame:
      return "same";
    case Verdict::kDifferent:
      return "different";
  }
  return "";
}

// Returns the width of a column's widest cell and the gap after it; 0 if all
// are empty.
size_t WidthOf(const std::vector<Row>& rows,
               absl::string_view (*cell)(const Row&)) {
  size_t width = 0;
  for (const Row& row : rows) {
    width = std::max(width, cell(row).size());
  }
  return width == 0 ? 0 : width + kGap;
}

// The detail of the row, then its fix: on the same line if it fits, or else on
// lines of its own.
std::vector<std::string> LinesOf(const Row& row, size_t column) {
  std::vector<std::string> lines =
      Wrap(ShowControlCharacters(row.detail), column);
  if (row.fix.empty()) {
    return lines;
  }
  const std::string fix = absl::StrCat("Fix: ", row.fix);
  if (column + lines.back().size() + 2 + fix.size() <= kColumns) {
    absl::StrAppend(&lines.back(), ". ", fix);
  } else {
    absl::c_move(Wrap(fix, column), std::back_inserter(lines));
  }
  return lines;
}

// Appends the lines to `page`, whose cursor is already at `column`.
void AppendLines(const std::vector<std::string>& lines, size_t column,
                 std::string& page) {
  absl::StrAppend(
      &page, absl::StrJoin(lines, absl::StrCat("\n", std::string(column, ' '))),
      "\n");
}

}  // namespace

std::string ToText(const Report& report) {
  std::string page;
  for (const Section& section : report) {
    absl::StrAppend(&page, page.empty() ? "" : "\n", section.title, "\n");
    const size_t names = WidthOf(section.rows, [](const Row& row) {
      return absl::string_view(row.name);
    });
    const size_t verdicts = WidthOf(
        section.rows, [](const Row& row) { return VerdictName(row.verdict); });
    const size_t column = kIndent + names + verdicts;
    for (const Row& row : section.rows) {
      absl::StrAppendFormat(&page, "%*s%-*s%-*s", kIndent, "", names, row.name,
                            verdicts, VerdictName(row.verdict));
      AppendLines(LinesOf(row, column), column, page);
    }
  }
  return page;
}

std::string ToJson(const Report& report) {
  nlohmann::ordered_json sections = nlohmann::ordered_json::object();
  for (const Section& section : report) {
    nlohmann::ordered_json& rows = sections[section.id];
    rows = nlohmann::ordered_json::array();
    for (const Row& row : section.rows) {
      rows.push_back({{"name", row.name},
                      {"verdict", std::string(VerdictName(row.verdict))},
                      {"detail", row.detail},
                      {"fix", row.fix}});
    }
  }
  return sections.dump(2, ' ', false,
                       nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace mydocker
