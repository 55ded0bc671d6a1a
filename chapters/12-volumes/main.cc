// Chapter 12: what goes into a container.
//
// Its files were an image's and its own, and went with it; its environment was
// the caller's. Now it gets directories of the host's, volumes that stay, a
// user, an environment, a working directory and limits, and from here on it is
// data:
//
//     make rootfs-busybox chapter12
//     sudo ./mydocker run -layer build/rootfs -v data:/data -u 1000 sh
//     sudo ./mydocker run -print-spec -layer build/rootfs -v data:/data sh

#include "chapters/12-volumes/init.h"
#include "chapters/12-volumes/run.h"
#include "chapters/12-volumes/volume.h"
#include "common/base/subcommands.h"
#include "common/container/commit.h"

int main(int argc, char* argv[]) {
  return mydocker::RunSubcommand(
      "mydocker", argc, argv,
      {{"run", "runs a command in a container", mydocker::RunContainer},
       {"commit", "packs what a container has changed", mydocker::CommitUpper},
       {"volume", "lists, makes and removes volumes", mydocker::ManageVolumes},
       {"init", "", mydocker::InitContainer}});
}
