// Chapter 6: a network of one's own.

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/grade/grade.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"

namespace blackbox {
namespace {

TEST_F(Grade, OnlyLo) {
  SKIP_IF(WhyNoTool("ip"));
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string list = shell.Ask("ip -o link");
  shell.Expect(absl::StartsWith(list, "1: lo: ") &&
                   absl::StrContains(list, "state DOWN") &&
                   !absl::StrContains(list, "\n"),
               "1: lo: <LOOPBACK> … state DOWN …", list);
}

TEST_F(Grade, LoCanBeBroughtUp) {
  SKIP_IF(WhyNoTool("ip"));
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string list = shell.Ask("ip link set lo up && ip -o link show lo");
  shell.Expect(absl::StrContains(list, "LOOPBACK,UP"),
               "1: lo: <LOOPBACK,UP,LOWER_UP> …", list);
}

TEST_F(Grade, PortsAreItsOwn) {
  const int server = Listen(0);
  ASSERT_GE(server, 0) << strerror(errno);
  const in_port_t port = PortOf(server);
  const Shell shell;
  if (shell.IsThere()) {
    const std::string came =
        AskInside(shell.pid(), {"net"}, [port]() -> std::string {
          return Listen(port) >= 0 ? "it listens" : strerror(errno);
        });
    const std::string look = absl::StrCat("a server inside, on port ", port,
                                          ", which one on the host has: ");
    shell.ExpectSeen(look, came, "it listens");
  }
  close(server);
}

// A host from which 192.0.2.1 can be reached, by any route. The address is
// reserved for documentation (RFC 5737).
bool HostWithARoute() {
  return unshare(CLONE_NEWNET) == 0 &&
         system("ip link set lo up && ip route add 192.0.2.0/24 dev lo") == 0;
}

TEST_F(Grade, NoNetworkIsReached) {
  SKIP_IF(WhyNoTool("ip"));
  Invocation invocation = AskingForAShell();
  invocation.before_exec = HostWithARoute;
  const Shell shell(invocation);
  if (!shell.IsThere()) {
    return;
  }
  const std::string came = AskInside(shell.pid(), {"net"}, []() -> std::string {
    // Sends nothing: connecting UDP only looks up the route.
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    inet_pton(AF_INET, "192.0.2.1", &address.sin_addr);
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return connect(any, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)) == 0
               ? "there is a route"
               : strerror(errno);
  });
  const std::string look = "a connection from inside to 192.0.2.1: ";
  const std::string unreachable = strerror(ENETUNREACH);
  shell.ExpectSeen(look, came, unreachable);
}

// Exercises: -lo and, for root, -veth.

TEST_F(Grade, LoIsUp) {
  SKIP_IF(WhyNoTool("ip"));
  Shell shell({"-lo"});
  if (!shell.IsThere()) {
    return;
  }
  const std::string list = shell.Ask("ip -o link show lo");
  shell.Expect(absl::StrContains(list, "LOOPBACK,UP"),
               "1: lo: <LOOPBACK,UP,LOWER_UP> …", list);
}

std::string Connect(const std::string& ip, in_port_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit = {.tv_sec = 5, .tv_usec = 0};
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return connect(client, reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) == 0
             ? "connected"
             : strerror(errno);
}

std::string WhyNoVeth() {
  return AskInside(getpid(), {},
                   []() -> std::string {
                     return unshare(CLONE_NEWNET) == 0 &&
                                    system(
                                        "ip link add type veth "
                                        "2>/dev/null") == 0
                                ? "there"
                                : "";
                   }) == "there"
             ? ""
             : "this kernel has no veth devices";
}

TEST_F(Grade, JoinedByVeth) {
  SKIP_IF(WhyNoTool("ip"));
  SKIP_IF(WhyNoVeth());
  const std::string network =
      absl::StrCat("10.", RandomNumber(1, 254), ".", RandomNumber(1, 254), ".");
  Invocation invocation = AskingForAShell();
  invocation.uid.reset();
  const Shell one(invocation);
  if (!one.IsThere()) {
    return;
  }
  Invocation joining =
      AskingForAShell({"-veth", absl::StrCat(one.pid()), "-address",
                       network + "2/24", "-peer", network + "1/24"});
  joining.uid.reset();
  const Shell other(joining);
  if (!other.IsThere()) {
    return;
  }
  // A server in the one namespace, and a client that enters the other from
  // there.
  const std::string came = AskInside(one.pid(), {"net"}, [&] {
    const in_port_t port = PortOf(Listen(0));
    return AskInside(other.pid(), {"net"},
                     [&] { return Connect(network + "1", port); });
  });
  const std::string look =
      absl::StrCat("a connection from the second container to ", network,
                   "1, a server in "
                   "the first: ");
  other.ExpectSeen(look, came, "connected");
}

}  // namespace
}  // namespace blackbox
