// Chapter 1: a host name of one's own.

#include <sys/utsname.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/grade/grade.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

std::string HostName() {
  utsname names = {};
  uname(&names);
  return names.nodename;
}

// Gives the check's own host another name for a while.
class Renamed {
 public:
  explicit Renamed(const std::string& name) : before_(HostName()) {
    sethostname(name.data(), name.size());
  }
  Renamed(const Renamed&) = delete;
  Renamed& operator=(const Renamed&) = delete;
  ~Renamed() { sethostname(before_.data(), before_.size()); }

 private:
  const std::string before_;
};

TEST_F(Grade, HostNameIsACopy) {
  const std::string host = RandomName();
  const Renamed renamed(host);
  Answer answer = Try({"hostname"});
  answer.ran = absl::StrCat("host$ sudo hostname ", host, "\n", answer.ran);
  answer.ExpectOutput(host + "\n");
}

TEST_F(Grade, HostNameStaysInside) {
  const std::string host = RandomName();
  const Renamed renamed(host);
  Shell shell;
  const std::string name = RandomName();
  if (shell.IsThere() &&
      shell.Expect("hostname " + name + "; hostname", name)) {
    shell.Expect(HostName() == host, absl::StrCat("host$ hostname\n", host),
                 absl::StrCat("host$ hostname\n", HostName()));
  }
}

TEST_F(Grade, HostNameStaysOutside) {
  const std::string host = RandomName();
  const Renamed renamed(host);
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const Renamed later(RandomName());
  shell.Expect(absl::StrCat("hostname   # the host is ", HostName(), " by now"),
               host);
}

}  // namespace
}  // namespace blackbox
