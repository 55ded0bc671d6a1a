// Sockets of the calling process, in its network namespace.

#ifndef MYDOCKER_TESTS_SUPPORT_NETWORK_H_
#define MYDOCKER_TESTS_SUPPORT_NETWORK_H_

#include <netinet/in.h>

#include <string>

namespace blackbox {

// Listens on a port (0: any free one). Returns the socket, -1 on error.
int Listen(in_port_t port);

// Returns the port on which a socket listens.
in_port_t PortOf(int server);

// The same for an abstract socket (unix(7)): one that has a name, but no file.
int ListenByName(const std::string& name);

// Returns the result of connecting to it: the kernel's error text, or
// "connected".
std::string ConnectByName(const std::string& name);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_NETWORK_H_
