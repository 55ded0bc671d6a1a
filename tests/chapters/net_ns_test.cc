// Chapter 6: a network of one's own.

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"06-net-ns",
                                  {"uts", "ipc", "pid", "mnt", "user", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

INSTANTIATE_TEST_SUITE_P(NetNs, CommandContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, ShellContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, PidContract, kRootAndOrdinaryUser, CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, JobControlContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, MountContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, PropagationFlagContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(NetNs, UserContract, kRootAndOrdinaryUser, CallerName);

// The devices of the caller's network namespace, each with whether it is up:
// "eth0 up, lo down". Asked for by ioctl: /sys belongs to who mounted it.
std::string Devices() {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::map<std::string, std::string> devices;
  struct if_nameindex* names = if_nameindex();
  for (auto* name = names; name != nullptr && name->if_index != 0; ++name) {
    ifreq request = {};
    strncpy(request.ifr_name, name->if_name, IFNAMSIZ - 1);
    const bool known = ioctl(any, SIOCGIFFLAGS, &request) == 0;
    devices[name->if_name] = !known                         ? "unknown"
                             : (request.ifr_flags & IFF_UP) ? "up"
                                                            : "down";
  }
  if_freenameindex(names);
  close(any);
  return absl::StrJoin(devices, ", ", absl::PairFormatter(" "));
}

// For Invocation::before_exec: a host with a network of its own, on which lo is
// up, as it is on every host that is in use.
bool HostWithNetwork() {
  if (unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  const bool up = ioctl(any, SIOCSIFFLAGS, &request) == 0;
  return close(any) == 0 && up;
}

// What comes of connecting to an address, in the kernel's words.
std::string Connect(const char* ip, in_port_t port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address(ip, port);
  const bool connected =
      connect(client, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0;
  const std::string outcome = connected ? "connected" : strerror(errno);
  close(client);
  return outcome;
}

// For both callers: no test here needs sudo.
class NetNsTest : public CommandContract {
 protected:
  // A container that a process outside can look into.
  const Invocation waiting_ = Shell("echo ready; read end");
};

INSTANTIATE_TEST_SUITE_P(NetNs, NetNsTest, kRootAndOrdinaryUser, CallerName);

TEST_P(NetNsTest, OnlyDeviceIsLoAndItIsDown) {
  Invocation invocation = waiting_;
  invocation.before_exec = HostWithNetwork;
  Process program(invocation);
  ASSERT_EQ(program.ReadLine(), "ready");
  ASSERT_THAT(AskInside(program.pid(), {"net"}, Devices), HasSubstr("lo up"));
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"net"}, Devices),
            "lo down");
}

// What the reader sees, with the reader's tool.
TEST_P(NetNsTest, IpShowsOneDevice) {
  SKIP_IF(WhyNoTool("ip"));
  const Result result = Execute(Words({"ip", "-o", "link"}));
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_THAT(result.out, MatchesRegex("1: lo: [^\n]*state DOWN[^\n]*\n"));
}

TEST_P(NetNsTest, LoCanBeBroughtUpInsideAndOnlyThere) {
  SKIP_IF(WhyNoTool("ip"));
  Invocation invocation = Shell("ip link set lo up && echo up; read end");
  // A host whose lo is down, and has to stay so.
  invocation.before_exec = [] { return unshare(CLONE_NEWNET) == 0; };
  Process program(invocation);
  ASSERT_EQ(program.ReadLine(), "up");
  EXPECT_EQ(AskInside(program.pid(), {"net"}, Devices), "lo down");
  const pid_t contained = FindContained(program.pid());
  EXPECT_EQ(AskInside(contained, {"net"}, Devices), "lo up");
  EXPECT_EQ(AskInside(contained, {"net"},
                      [] { return Connect("127.0.0.1", PortOf(Listen(0))); }),
            "connected");
}

TEST_P(NetNsTest, PortTakenOutsideIsFreeInside) {
  const int server = Listen(0);
  ASSERT_GE(server, 0) << strerror(errno);
  const in_port_t port = PortOf(server);
  ASSERT_EQ(Listen(port), -1) << "the port is not taken at all";
  Process program(waiting_);
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"net"},
                      [port] {
                        return std::string(Listen(port) >= 0 ? "listening"
                                                             : strerror(errno));
                      }),
            "listening");
  close(server);
}

TEST_P(NetNsTest, NoNetworkCanBeReached) {
  Process program(waiting_);
  ASSERT_EQ(program.ReadLine(), "ready");
  // 192.0.2.1 is an address for documentation: it is nobody's (RFC 5737).
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"net"},
                      [] { return Connect("192.0.2.1", 80); }),
            strerror(ENETUNREACH));
}

// The host's daemons listen on such sockets too, and trust who can connect.
TEST_P(NetNsTest, CVE_2020_15257_AbstractSocketsStayOutside) {
  const std::string name = RandomName();
  const int server = ListenByName(name);
  ASSERT_GE(server, 0) << strerror(errno);
  Process program(waiting_);
  ASSERT_EQ(program.ReadLine(), "ready");
  const auto connect = [&name] { return ConnectByName(name); };
  EXPECT_EQ(AskInside(program.pid(), {"net"}, connect), "connected");
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"net"}, connect),
            strerror(ECONNREFUSED));
  close(server);
}

// A new network, but the old /sys: it shows the devices of the namespace that
// it was mounted in.
TEST_P(NetNsTest, SysStillShowsTheHostsDevices) {
  SKIP_IF(
      WhyNoKernelFeature("sysfs, or it is not mounted", "/sys/class/net/lo"));
  const std::string devices = RunOnHost("ls /sys/class/net").out;
  EXPECT_THAT(Execute(Words({"ls", "/sys/class/net"})), Prints(devices));
}

}  // namespace
}  // namespace blackbox
