// Chapter 10: files in layers.
//
// Two containers on one root file system change it for each other. Here it is a
// layer that nobody can change, and each container has its own layer on top for
// its changes: overlayfs shows both as one. Kept changes can be packed as an
// archive, and become a layer themselves. That is what an image is:
//
//     make rootfs-busybox chapter10
//     sudo ./mydocker run -ti -layer build/rootfs -keep-upper changes sh
//     sudo ./mydocker commit changes

#include "chapters/10-union-fs/init.h"
#include "chapters/10-union-fs/run.h"
#include "common/base/subcommands.h"
#include "common/container/commit.h"

int main(int argc, char* argv[]) {
  return mydocker::RunSubcommand(
      "mydocker", argc, argv,
      {{"run", "runs a command in a container", mydocker::RunContainer},
       {"commit", "packs what a container has changed", mydocker::CommitUpper},
       {"init", "", mydocker::InitContainer}});
}
