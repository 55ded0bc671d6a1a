#include "tests/support/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

namespace blackbox {
namespace {

// An address and its length: an abstract name has no other end.
struct AbstractAddress {
  explicit AbstractAddress(const std::string& name) {
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
    size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  }
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&address);
  }
  sockaddr_un address = {};
  socklen_t size = 0;
};

sockaddr_in Address(const char* ip, in_port_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip, &address.sin_addr);
  return address;
}

}  // namespace

int Listen(in_port_t port) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Address("0.0.0.0", port);
  if (bind(server, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(server, 1) != 0) {
    close(server);
    return -1;
  }
  return server;
}

in_port_t PortOf(int server) {
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  getsockname(server, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

int ListenByName(const std::string& name) {
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const AbstractAddress address(name);
  if (bind(server, address.get(), address.size) != 0 ||
      listen(server, 1) != 0) {
    close(server);
    return -1;
  }
  return server;
}

std::string ConnectByName(const std::string& name) {
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const AbstractAddress address(name);
  const bool connected = connect(client, address.get(), address.size) == 0;
  const std::string outcome = connected ? "connected" : strerror(errno);
  close(client);
  return outcome;
}

}  // namespace blackbox
