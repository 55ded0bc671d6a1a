// Chapter 8: the container.
//
// The pieces of the previous chapters come together in two commands of one
// program. `run`, on the host, makes the cgroups, starts `init` in new
// namespaces, and sends it through a pipe the command to execute. `init`,
// inside as process 1, mounts its own /proc and becomes that command:
//
//     make chapter8 && sudo ./mydocker run -ti -m 100m sh

#include "chapters/08-run-init/init.h"
#include "chapters/08-run-init/run.h"
#include "common/base/subcommands.h"

int main(int argc, char* argv[]) {
  return mydocker::RunSubcommand(
      "mydocker", argc, argv,
      {{"run", "runs a command in a container", mydocker::RunContainer},
       {"init", "", mydocker::InitContainer}});
}
