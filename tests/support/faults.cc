#include "tests/support/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>

namespace blackbox {
namespace {

// A seccomp filter is a program of the kernel's packet filter machine, run on
// the number and the arguments of each system call. These are its instructions.
constexpr sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}

constexpr sock_filter KeepBits(unsigned mask) {
  return BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask);
}

// Skips `then` instructions if the loaded number is `value`, else `otherwise`.
constexpr sock_filter SkipIf(unsigned value, unsigned char then,
                             unsigned char otherwise) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise);
}

constexpr sock_filter kAllow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
constexpr sock_filter Refuse(unsigned error) {
  return BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
}

// The call behind rename(3): newer architectures have only its later forms.
#ifdef SYS_rename
constexpr int kRename = SYS_rename;
#else
constexpr int kRename = SYS_renameat;
#endif

constexpr sock_filter kKill =
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

template <size_t kSize>
bool Install(sock_filter (&instructions)[kSize]) {
  sock_fprog filter = {kSize, instructions};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

bool RefuseMounts() {
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_mount, 1, 0),
      SkipIf(SYS_mount_setattr, 0, 1),
      Refuse(EPERM),
      kAllow,
  };
  return Install(instructions);
}

bool RefuseMountsWithoutFlags() {
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_mount, 0, 3),
      Load(offsetof(seccomp_data, args[3])),  // The low half of the flags.
      SkipIf(0, 0, 1),
      Refuse(ENODEV),
      kAllow,
  };
  return Install(instructions);
}

bool RefuseNewRoots() {
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_pivot_root, 0, 1),
      Refuse(EPERM),
      kAllow,
  };
  return Install(instructions);
}

bool RefuseNamelessFiles() {
  constexpr unsigned kNameless = O_TMPFILE & ~O_DIRECTORY;
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_openat, 0, 4),
      Load(offsetof(seccomp_data, args[2])),  // The low half of the flags.
      KeepBits(kNameless),
      SkipIf(kNameless, 0, 1),
      Refuse(EOPNOTSUPP),
      kAllow,
  };
  return Install(instructions);
}

bool DieOfNaming() {
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_linkat, 2, 0),
      SkipIf(kRename, 1, 0),
      SkipIf(SYS_renameat2, 0, 1),
      kKill,
      kAllow,
  };
  return Install(instructions);
}

bool RefuseWriting() {
  sock_filter instructions[] = {
      Load(offsetof(seccomp_data, nr)),
      SkipIf(SYS_openat, 0, 4),
      Load(offsetof(seccomp_data, args[2])),  // The low half of the flags.
      KeepBits(O_ACCMODE),
      SkipIf(O_WRONLY, 0, 1),
      Refuse(EPERM),
      kAllow,
  };
  return Install(instructions);
}

}  // namespace blackbox
