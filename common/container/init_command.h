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

// Returns what starts this program once more, as `init`, in namespaces of its
// own and with the reading end of `pipe` (kHandshakeFd). `program` is a sealed
// copy of this program: what runs inside can be opened from inside. Both must
// be open until Start has returned.
Command InitCommand(const UniqueFd& program, const Pipe& pipe,
                    const Request& request);

// Returns what `run` sends to `init` for the container `id`. Its host name is
// `id` unless another was asked for.
StartMessage MessageFor(const Request& request, const std::string& id);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_INIT_COMMAND_H_
