// Chapter 9: the container's own root file system.
//
// So far the container has seen the host's files. Now a directory becomes its
// "/", by pivot_root(2), and the host's root disappears from its view. With its
// own host name and a limit on its processes, nothing of the host is visible
// from inside:
//
//     make rootfs-busybox chapter9
//     sudo ./mydocker run -ti -rootfs build/rootfs -pids-limit 10 sh

#include "chapters/09-rootfs/init.h"
#include "chapters/09-rootfs/run.h"
#include "common/base/subcommands.h"

int main(int argc, char* argv[]) {
  return mydocker::RunSubcommand(
      "mydocker", argc, argv,
      {{"run", "runs a command in a container", mydocker::RunContainer},
       {"init", "", mydocker::InitContainer}});
}
