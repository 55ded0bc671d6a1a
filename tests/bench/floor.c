// The floor: what one container costs when nothing is left to save.
//
//     floor ROOTFS COMMAND [ARG]      as chapter 9 does it
//     floor -      COMMAND [ARG]      as chapter 8 does it
//
// Makes the system calls that `mydocker run` makes, in the same order, with the
// limits of the benchmark (100 MiB, half of the shares, CPU 0; with a ROOTFS
// also 100 processes), and nothing between them: no flags, no choice, no
// messages, no clean-up after an error. bench.py compares mydocker with it.
//
// One thing it takes from mydocker: the length of the program that chapter 9
// copies. So a mydocker that grows raises this floor as well.

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define DO(call) ((call) == -1 ? err(125, "%s", #call) : (void)0)

enum { kPathSize = 512, kHandshakeFd = 3 };
// Of chapter 9's program: the Makefile knows it.
static const off_t kSizeOfMydocker = SIZE_OF_MYDOCKER;

struct limit {
  const char* file;
  const char* value;
};

// A cgroup: one for each controller on v1, one for all of them on v2.
struct place {
  char root[64];
  char parent[96];
  char path[128];
  struct limit limits[4];
  int directory;
};

static struct place places[4];
static int place_count;
static int is_v2;

static void read_file(const char* directory, const char* file, char* text,
                      size_t size) {
  char path[kPathSize];
  snprintf(path, sizeof path, "%s/%s", directory, file);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) {
    err(125, "open %s", path);
  }
  size_t length = 0;
  for (ssize_t got = 1; got > 0; length += (size_t)got) {
    DO(got = read(fd, text + length, size - 1 - length));
  }
  if (length == size - 1) {
    errx(125, "%s is too long", path);
  }
  text[length] = '\0';
  close(fd);
}

static void write_file(const char* directory, const char* file,
                       const char* text) {
  char path[kPathSize];
  snprintf(path, sizeof path, "%s/%s", directory, file);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1 || write(fd, text, strlen(text)) == -1) {
    err(125, "write %s to %s", text, path);
  }
  close(fd);
}

static int open_directory(const char* path) {
  int fd;
  DO(fd = open(path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
  return fd;
}

static void hand_down(const char* directory, const char* controller) {
  char enabled[kPathSize];
  char change[16];
  read_file(directory, "cgroup.subtree_control", enabled, sizeof enabled);
  if (strstr(enabled, controller) == NULL) {
    snprintf(change, sizeof change, "+%s", controller);
    write_file(directory, "cgroup.subtree_control", change);
  }
}

static void choose_places(int with_pids) {
  static const struct place v1[] = {
      {.root = "/sys/fs/cgroup/cpuset", .limits = {{"cpuset.cpus", "0"}}},
      {.root = "/sys/fs/cgroup/memory",
       .limits = {{"memory.limit_in_bytes", "104857600"}}},
      {.root = "/sys/fs/cgroup/cpu", .limits = {{"cpu.shares", "512"}}},
      {.root = "/sys/fs/cgroup/pids", .limits = {{"pids.max", "100"}}},
  };
  static const struct place v2 = {.root = "/sys/fs/cgroup",
                                  .limits = {{"cpuset.cpus", "0"},
                                             {"memory.max", "104857600"},
                                             {"cpu.weight", "59"},
                                             {"pids.max", "100"}}};
  // Room for all of it: mydocker reads it to its end, too.
  static char mountinfo[8 << 20];
  read_file("/proc/self", "mountinfo", mountinfo, sizeof mountinfo);
  is_v2 = strstr(mountinfo, " /sys/fs/cgroup/memory ") == NULL;
  place_count = is_v2 ? 1 : with_pids ? 4 : 3;
  memcpy(places, is_v2 ? &v2 : v1, sizeof *places * (size_t)place_count);
  if (is_v2 && !with_pids) {
    places->limits[3].file = NULL;
  }
}

// The container's directory in /run/mydocker, with a fact in each link.
static const char kRun[] = "/run/mydocker";
static char record[64];
static const char* const kFacts[] = {"watcher", "cgroup", "files", "init"};

static void write_fact(const char* name) {
  char path[96];
  char stat[kPathSize];
  if (strcmp(name, "watcher") == 0 || strcmp(name, "init") == 0) {
    read_file("/proc/self", "stat", stat, sizeof stat);
  }
  snprintf(path, sizeof path, "%s/%s", record, name);
  DO(symlink("41399 1234560 pid:[4026531836] time:[4026531834]", path));
}

static void make_record(const unsigned char* id) {
  mkdir(kRun, 0700);
  DIR* run = opendir(kRun);
  while (readdir(run) != NULL) {
  }
  closedir(run);
  snprintf(record, sizeof record, "%s/%02x%02x%02x%02x%02x%02x", kRun, id[0],
           id[1], id[2], id[3], id[4], id[5]);
  DO(mkdir(record, 0700));
  for (int i = 0; i < 3; ++i) {
    write_fact(kFacts[i]);
  }
}

static void remove_record(void) {
  char path[96];
  for (int i = 3; i >= 0; --i) {
    snprintf(path, sizeof path, "%s/%s", record, kFacts[i]);
    DO(unlink(path));
  }
  DO(rmdir(record));
  rmdir(kRun);
}

static void make_cgroups(void) {
  unsigned char id[6];
  DO(getrandom(id, sizeof id, 0));
  make_record(id);
  for (struct place* place = places; place < places + place_count; ++place) {
    snprintf(place->parent, sizeof place->parent, "%s/mydocker", place->root);
    snprintf(place->path, sizeof place->path, "%s/%02x%02x%02x%02x%02x%02x",
             place->parent, id[0], id[1], id[2], id[3], id[4], id[5]);
    mkdir(place->parent, 0755);
    DO(mkdir(place->path, 0755));
    place->directory = open_directory(place->path);
  }
}

static void set_limits(void) {
  static const char* const kCpusetFiles[] = {"cpuset.cpus", "cpuset.mems"};
  static const char* const kControllers[] = {"cpuset", "memory", "cpu", "pids"};
  char text[kPathSize];
  for (int i = 0; is_v2 && i < 4 && places->limits[i].file != NULL; ++i) {
    hand_down(places->root, kControllers[i]);
    hand_down(places->parent, kControllers[i]);
  }
  for (int i = 0; !is_v2 && i < 2; ++i) {
    read_file(places->root, kCpusetFiles[i], text, sizeof text);
    write_file(places->parent, kCpusetFiles[i], text);
    read_file(places->parent, kCpusetFiles[i], text, sizeof text);
    write_file(places->path, kCpusetFiles[i], text);
  }
  for (struct place* place = places; place < places + place_count; ++place) {
    for (int i = 0; i < 4 && place->limits[i].file != NULL; ++i) {
      write_file(place->path, place->limits[i].file, place->limits[i].value);
    }
  }
}

static void make_dev(void) {
  static const struct {
    const char* path;
    unsigned major, minor;
  } kDevices[] = {{"/dev/null", 1, 3},    {"/dev/zero", 1, 5},
                  {"/dev/full", 1, 7},    {"/dev/random", 1, 8},
                  {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
  static const char* const kLinks[][2] = {{"/proc/self/fd", "/dev/fd"},
                                          {"/proc/self/fd/0", "/dev/stdin"},
                                          {"/proc/self/fd/1", "/dev/stdout"},
                                          {"/proc/self/fd/2", "/dev/stderr"},
                                          {"pts/ptmx", "/dev/ptmx"}};
  DO(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC,
           "mode=755,size=64k"));
  for (size_t i = 0; i < sizeof kDevices / sizeof *kDevices; ++i) {
    DO(mknod(kDevices[i].path, S_IFCHR,
             makedev(kDevices[i].major, kDevices[i].minor)));
    DO(chmod(kDevices[i].path, 0666));
  }
  for (size_t i = 0; i < sizeof kLinks / sizeof *kLinks; ++i) {
    DO(symlink(kLinks[i][0], kLinks[i][1]));
  }
  DO(mkdir("/dev/pts", 0755));
  DO(mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
           "newinstance,ptmxmode=0666,mode=0620"));
  DO(mkdir("/dev/shm", 0755));
  DO(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
           "mode=1777,size=64m"));
}

static void enter(const char* rootfs) {
  static const char* const kTargets[] = {"proc", "dev", "sys"};
  DO(sethostname("floor", 5));
  const int old = open(rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  for (int i = 0; i < 3; ++i) {
    int target;
    DO(target = openat(old, kTargets[i],
                       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    close(target);
  }
  int tree;
  DO(tree = (int)syscall(SYS_open_tree, old, "",
                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  DO(syscall(SYS_move_mount, tree, "", old, "",
             MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  DO(fchdir(tree));
  DO(syscall(SYS_pivot_root, ".", "."));
  DO(umount2(".", MNT_DETACH));
  DO(chdir("/"));
  make_dev();
  DO(mount("sysfs", "/sys", "sysfs",
           MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

// Inside, as process 1.
static int init(char* argv[]) {
  char message[kPathSize];
  ssize_t length;
  DO(length = read(kHandshakeFd, message, sizeof message - 1));
  DO(read(kHandshakeFd, message + length, sizeof message - (size_t)length));
  message[length] = '\0';
  close(kHandshakeFd);
  DO(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
  DO(setgroups(0, NULL));
  umask(022);
  DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  if (strcmp(argv[0], "-") != 0) {
    enter(argv[0]);
  }
  DO(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
  // The command, and perhaps its argument behind it.
  const size_t command = strlen(message) + 1;
  execl(message, message, command < (size_t)length ? message + command : NULL,
        (char*)NULL);
  err(127, "%s", message);
}

// Chapter 9 starts init from a copy of itself that nobody can write to. The
// copy is as long as mydocker's, for that is work, too: `size` bytes.
static int sealed_copy(off_t size) {
  const int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  int copy;
  DO(copy = memfd_create("floor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  off_t length = 0;
  for (ssize_t got = 1; got > 0; length += got) {
    DO(got = sendfile(copy, program, NULL, 1 << 30));
  }
  for (off_t from = 0; length < size; length += from) {
    from = 0;
    DO(sendfile(copy, program, &from, (size_t)(size - length)));
  }
  DO(fcntl(copy, F_ADD_SEALS,
           F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
  close(program);
  return copy;
}

// Between clone and execve.
static int start_init(const char* rootfs, const char* program, int message,
                      int failure) {
  DO(prctl(PR_SET_PDEATHSIG, SIGKILL));
  struct pollfd parent = {.fd = failure};
  DO(poll(&parent, 1, 0));
  DO(dup2(message, kHandshakeFd));
  DO((int)syscall(SYS_close_range, 4U, ~0U, 1U << 2 /* CLOEXEC */));
  int empty;
  DO(empty = open("/dev/null", O_RDONLY | O_CLOEXEC));
  DO(dup2(empty, 0));
  for (int i = 0; !is_v2 && i < place_count; ++i) {
    write_file(places[i].path, "tasks", "0");
  }
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execl(program, "floor", "init", rootfs, (char*)NULL);
  err(125, "%s", program);
}

int main(int argc, char* argv[]) {
  if (argc != 3 && argc != 4) {
    errx(125, "usage: floor ROOTFS|- COMMAND [ARG]");
  }
  if (strcmp(argv[1], "init") == 0) {
    return init(argv + 2);
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  int signal_fd;
  DO(signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);

  choose_places(strcmp(argv[1], "-") != 0);
  make_cgroups();
  set_limits();

  char program[32] = "/proc/self/exe";
  if (strcmp(argv[1], "-") != 0) {
    snprintf(program, sizeof program, "/proc/self/fd/%d",
             sealed_copy(kSizeOfMydocker));
  }
  int message[2];
  int failure[2];
  DO(pipe2(message, O_CLOEXEC));
  DO(pipe2(failure, O_CLOEXEC));
  int container = -1;
  struct clone_args args = {
      .flags = CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
               CLONE_NEWPID | CLONE_NEWNET | (is_v2 ? CLONE_INTO_CGROUP : 0),
      .pidfd = (uintptr_t)&container,
      .exit_signal = SIGCHLD,
      .cgroup = is_v2 ? (uint64_t)places->directory : 0,
  };
  pid_t pid;
  DO(pid = (pid_t)syscall(SYS_clone3, &args, sizeof args));
  if (pid == 0) {
    close(failure[0]);
    return start_init(argv[1], program, message[0], failure[1]);
  }
  write_fact("init");
  close(failure[1]);
  char byte;
  DO(read(failure[0], &byte, 1));
  close(failure[0]);
  close(message[0]);
  // Arguments lie one behind the other in memory.
  DO(write(message[1], argv[2],
           (size_t)(argv[argc - 1] - argv[2]) + strlen(argv[argc - 1]) + 1));
  close(message[1]);

  struct pollfd ends[] = {{.fd = container, .events = POLLIN},
                          {.fd = signal_fd, .events = POLLIN}};
  DO(poll(ends, 2, -1));
  siginfo_t end = {0};
  DO(waitid(P_PIDFD, (id_t)container, &end, WEXITED));
  for (struct place* place = places; place < places + place_count; ++place) {
    DO(rmdir(place->path));
    close(place->directory);
    rmdir(place->parent);
  }
  remove_record();
  return end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
}
