// Chapter 9: a root file system of its own.
//
// Until here the container has seen the host's files. Now a directory becomes
// its "/", by pivot_root(2), and the host's is taken out of its sight. With a
// host name of its own and a limit on its processes, nothing of the host is
// left to be seen from inside:
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
