// From chapter 9.
//
// How `run` starts `init`.

#ifndef MYDOCKER_COMMON_CONTAINER_INIT_COMMAND_H_
#define MYDOCKER_COMMON_CONTAINER_INIT_COMMAND_H_

#include <string>

#include "common/base/fd.h"
#include "common/container/handshake.h"
#include "common/container/request.h"
#include "common/process/child.h"

namespace mydocker {

// Returns the command that starts this program again, as `init`, in its own
// namespaces and with the read end of `pipe` (kHandshakeFd). `program` is a
// sealed copy of this program: processes inside can open the file that init
// runs from. Both must be open until Start has returned.
Command InitCommand(const UniqueFd& program, const Pipe& pipe,
                    const Request& request);

// Returns what `run` sends to `init` for the container `id`. Its host name is
// `id` unless another was requested.
StartMessage MessageFor(const Request& request, const std::string& id);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_INIT_COMMAND_H_
