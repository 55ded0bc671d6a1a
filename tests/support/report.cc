#include "tests/support/report.h"

#include <optional>
#include <ostream>

#include "gtest/gtest.h"
#include "tests/support/json.h"

namespace blackbox {
namespace {

Row ReadRow(const Json& json) {
  Row row;
  EXPECT_EQ(json.members.size(), 4U);
  for (const auto& [name, field] :
       {std::pair("name", &Row::name), std::pair("verdict", &Row::verdict),
        std::pair("detail", &Row::detail), std::pair("cure", &Row::cure)}) {
    const auto member = json.members.find(name);
    if (member == json.members.end()) {
      ADD_FAILURE() << "a row has no " << name;
    } else {
      EXPECT_EQ(member->second.kind, Json::Kind::kString) << name;
      row.*field = member->second.text;
    }
  }
  return row;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Row& row) {
  return stream << row.name << ": " << row.verdict << ", " << row.detail
                << ", cure: " << row.cure;
}

std::vector<Row> Report::Rows(const std::string& section) const {
  const auto found = sections.find(section);
  if (found == sections.end()) {
    ADD_FAILURE() << "the report has no section " << section;
    return {};
  }
  return found->second;
}

Row Report::Find(const std::string& section, const std::string& name) const {
  for (const Row& row : Rows(section)) {
    if (row.name == name) {
      return row;
    }
  }
  ADD_FAILURE() << "section " << section << " has no row " << name;
  return {};
}

Report AskForReport(Invocation invocation) {
  invocation.args.insert(invocation.args.begin(), "-json");
  const Result result = Execute(invocation);
  EXPECT_EQ(result.err, "");
  Report report = {.exit_status = result.exit_status};
  const std::optional<Json> json = ParseJson(result.out);
  if (!json.has_value() || json->kind != Json::Kind::kObject) {
    ADD_FAILURE() << "this is no JSON object: " << result;
    return report;
  }
  for (const auto& [section, rows] : json->members) {
    EXPECT_EQ(rows.kind, Json::Kind::kArray) << section;
    for (const Json& row : rows.items) {
      report.sections[section].push_back(ReadRow(row));
    }
  }
  return report;
}

}  // namespace blackbox
