// The report of chapter 0 or of the doctor, read from its -json output.

#ifndef MYDOCKER_TESTS_SUPPORT_REPORT_H_
#define MYDOCKER_TESTS_SUPPORT_REPORT_H_

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace blackbox {

struct Row {
  std::string name;
  std::string verdict;
  std::string detail;
  std::string fix;
};
std::ostream& operator<<(std::ostream& stream, const Row& row);

struct Report {
  int exit_status = -1;
  std::map<std::string, std::vector<Row>> sections = {};

  // Returns the rows of a section; none, and the test fails, if it is not
  // there.
  std::vector<Row> Rows(const std::string& section) const;
  // Returns a row; an empty one, and the test fails, if it is not there.
  Row Find(const std::string& section, const std::string& name) const;
};

// Runs the program under test as `invocation` says, with -json, and reads what
// it prints. Fails the test if that is not a report.
Report AskForReport(Invocation invocation);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_REPORT_H_
