#include "tests/support/network.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace blackbox {

sockaddr_in Address(const char* ip, in_port_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip, &address.sin_addr);
  return address;
}

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

}  // namespace blackbox
