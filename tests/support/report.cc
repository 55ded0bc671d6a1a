#include "tests/support/report.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "gtest/gtest.h"

namespace blackbox {
namespace {

using nlohmann::json;

Row ReadRow(const json& object) {
  Row row;
  EXPECT_EQ(object.size(), 4U);
  for (const auto& [name, field] :
       {std::pair("name", &Row::name), std::pair("verdict", &Row::verdict),
        std::pair("detail", &Row::detail), std::pair("fix", &Row::fix)}) {
    const auto member = object.find(name);
    if (member == object.end() || !member->is_string()) {
      ADD_FAILURE() << "a row has no text " << name;
    } else {
      row.*field = *member;
    }
  }
  return row;
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Row& row) {
  return stream << row.name << ": " << row.verdict << ", " << row.detail
                << ", fix: " << row.fix;
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
  const json sections = json::parse(result.out, nullptr, false);
  if (!sections.is_object()) {
    ADD_FAILURE() << "this is not a JSON object: " << result;
    return report;
  }
  for (const auto& [section, rows] : sections.items()) {
    EXPECT_TRUE(rows.is_array()) << section;
    for (const json& row : rows) {
      report.sections[section].push_back(ReadRow(row));
    }
  }
  return report;
}

}  // namespace blackbox
