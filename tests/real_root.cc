// real_root: is the root directory the root of this mount namespace, as it is
// on every machine? In a chroot it is not (exit status 1), and there the kernel
// refuses to make user namespaces (user_namespaces(7)) and to pivot_root.
//
// real_root COMMAND [ARG...]: executes COMMAND where the root is real. The
// command sees the same files and mounts as before.

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

namespace {

void Must(bool done, const char* what) {
  if (!done) {
    fprintf(stderr, "real_root: %s: %s\n", what, strerror(errno));
    exit(125);
  }
}

// Joining the mount namespace that the process is already in leads out of a
// chroot.
void LeaveChroot() {
  const int mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  Must(mounts >= 0, "open /proc/self/ns/mnt");
  Must(setns(mounts, CLONE_NEWNS) == 0, "setns");
}

struct statx Root() {
  struct statx root = {};
  Must(statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &root) == 0,
       "statx /");
  return root;
}

// Leaves a chroot if it is in one.
bool RootIsReal() {
  const struct statx before = Root();
  LeaveChroot();
  const struct statx after = Root();
  return before.stx_mnt_id == after.stx_mnt_id &&
         before.stx_ino == after.stx_ino;
}

void MakeRootAMount() {
  const std::string here = std::filesystem::current_path();
  Must(unshare(CLONE_NEWNS) == 0, "unshare");
  const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  Must(root >= 0, "open /");
  LeaveChroot();
  Must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0,
       "make the mounts private");
  // glibc has functions for these only since 2.36.
  const int tree = static_cast<int>(syscall(
      SYS_open_tree, root, "",
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
  Must(tree >= 0, "open_tree");
  Must(syscall(SYS_move_mount, tree, "", root, "",
               MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0,
       "move_mount");
  Must(fchdir(tree) == 0, "fchdir");
  // Stacks the new root onto the old, then unmounts the old (pivot_root(2),
  // NOTES).
  Must(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
  Must(umount2(".", MNT_DETACH) == 0, "umount2");
  Must(chdir(here.c_str()) == 0, here.c_str());
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc < 2) {
    return RootIsReal() ? 0 : 1;
  }
  MakeRootAMount();
  execvp(argv[1], argv + 1);
  Must(false, argv[1]);
}
