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

// Exercises: -hostname, -domainname and -join.

TEST_F(Grade, HostNameGiven) {
  const std::string host = HostName();
  const std::string name = RandomName();
  const Answer answer = Try({"hostname"}, {"-hostname", name});
  if (answer.ExpectOutput(name + "\n") && HostName() != host) {
    Complain(answer.ran, "host$ hostname\n" + host,
             "host$ hostname\n" + HostName());
    sethostname(host.data(), host.size());
  }
}

// A name of 64 bytes, which is not too long, comes first: a program that does
// not know the flag refuses both.
TEST_F(Grade, LongHostNameIsRefused) {
  const std::string longest(64, 'x');
  if (!Try({"hostname"}, {"-hostname", longest}).ExpectOutput(longest + "\n")) {
    return;
  }
  const Answer answer =
      Try({"echo", "started"}, {"-hostname", std::string(65, 'x')});
  answer.ExpectRefusal("64 bytes is the most");
}

TEST_F(Grade, DomainNameGiven) {
  const std::string host = RandomName();
  const std::string domain = RandomName();
  Try({"cat", "/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname"},
      {"-hostname", host, "-domainname", domain})
      .ExpectOutput(absl::StrCat(host, "\n", domain, "\n"));
}

TEST_F(Grade, UtsJoined) {
  Shell one;
  if (!one.IsThere()) {
    return;
  }
  const std::string names[] = {RandomName(), RandomName()};
  one.Ask("hostname " + names[0]);
  Shell other({"-join", absl::StrCat(one.pid())});
  if (other.IsThere() && other.Expect("hostname", names[0])) {
    other.Ask("hostname " + names[1]);
    one.Expect("hostname   # after the other has set it", names[1]);
  }
}

TEST_F(Grade, JoiningNobodyIsRefused) {
  if (!Try({"true"}, {"-join", absl::StrCat(getpid())}).ExpectStatus(0)) {
    return;
  }
  // One more than the largest pid that the kernel gives.
  const Answer answer = Try({"echo", "started"}, {"-join", "4194305"});
  answer.ExpectRefusal("there is no such process");
}

}  // namespace
}  // namespace blackbox
