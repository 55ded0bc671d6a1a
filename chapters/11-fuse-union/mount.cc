#include "chapters/11-fuse-union/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/passthrough.h"
#include "chapters/11-fuse-union/server.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"
#include "common/namespaces/mountinfo.h"
#include "common/process/executable.h"

namespace mydocker {
namespace {

constexpr char kDevice[] = "/dev/fuse";
constexpr char kType[] = "fuse.mydocker-union";
constexpr char kSource[] = "mydocker-union";

struct DestroySession {
  void operator()(fuse_session* session) const {
    fuse_session_destroy(session);
  }
};
using Session = std::unique_ptr<fuse_session, DestroySession>;

absl::Status CheckMountPoint(const std::string& mount_point) {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadMountInfo());
  for (const Mount& mount : mounts) {
    if (mount.mount_point == mount_point) {
      return absl::FailedPreconditionError(
          absl::StrCat("mount a union on ", mount_point, ": a ", mount.type,
                       " is mounted there already; umount ", mount_point));
    }
  }
  if (access(kDevice, F_OK) != 0) {
    return ErrnoError(errno, absl::StrCat("open ", kDevice),
                      "the kernel's half of FUSE is missing: modprobe fuse");
  }
  return absl::OkStatus();
}

// #region mount-as-root
// The mount names the descriptor, from which questions to the file system can
// be read.
absl::Status MountAsRoot(fuse_session& session,
                         const std::string& mount_point) {
  const int device = open(kDevice, O_RDWR | O_CLOEXEC);
  if (device < 0) {
    return ErrnoError(errno, absl::StrCat("open ", kDevice));
  }
  const std::string options = absl::StrCat(
      "fd=", device,
      ",rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other");
  if (mount(kSource, mount_point.c_str(), kType, 0, options.c_str()) != 0) {
    return ErrnoError(errno, absl::StrCat("mount a union on ", mount_point));
  }
  // libfuse takes the descriptor over.
  if (fuse_session_mount(&session, absl::StrCat("/dev/fd/", device).c_str()) !=
      0) {
    umount2(mount_point.c_str(), MNT_DETACH);
    return absl::InternalError("libfuse refuses the mount that we made");
  }
  return absl::OkStatus();
}
// #endregion mount-as-root

// fusermount3 is a set-user-ID program of root that mounts for ordinary users.
// It writes errors to standard error itself; a file stands in for that
// meanwhile, so that they become part of our one line.
absl::Status MountAsUser(fuse_session& session,
                         const std::string& mount_point) {
  const std::string doing = absl::StrCat("mount a union on ", mount_point);
  if (!FindExecutable("fusermount3", SearchPath()).ok()) {
    return absl::NotFoundError(absl::StrCat(
        doing,
        ": there is no fusermount3, with which others than root mount; "
        "install Debian's package fuse3, or use sudo"));
  }
  const UniqueFd errors(memfd_create("errors", MFD_CLOEXEC));
  const UniqueFd kept(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  dup2(errors.get(), STDERR_FILENO);
  const bool mounted = fuse_session_mount(&session, mount_point.c_str()) == 0;
  dup2(kept.get(), STDERR_FILENO);
  if (mounted) {
    return absl::OkStatus();
  }
  lseek(errors.get(), 0, SEEK_SET);
  ASSIGN_OR_RETURN(const std::string text, ReadAll(errors.get()));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  return absl::UnknownError(
      absl::StrCat(doing, ": ", absl::StripAsciiWhitespace(lines.front())));
}

// #region init
// The kernel says what it can do; this chooses from that.
void Init(void* userdata, fuse_conn_info* connection) {
  const Union& all = *static_cast<Union*>(userdata);
  const auto want = [connection](unsigned what, bool wanted) {
    connection->want =
        (connection->want & ~what) | (wanted ? connection->capable & what : 0);
  };
  // These two exclude each other.
  want(FUSE_CAP_WRITEBACK_CACHE, all.caching.writeback && !HasPassthrough());
  // With AUTO the kernel asks for attributes only in the first part of a
  // listing, unless somebody uses them before the next; find(1) does so later.
  want(FUSE_CAP_READDIRPLUS_AUTO, false);
  want(FUSE_CAP_READDIRPLUS, all.caching.readdirplus);
  want(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE,
       all.caching.splice);
  want(FUSE_CAP_CACHE_SYMLINKS, all.caching.timeouts);
  want(FUSE_CAP_PARALLEL_DIROPS, true);
  // The kernel checks access control lists; with them, applying the umask is up
  // to us.
  want(FUSE_CAP_POSIX_ACL | FUSE_CAP_DONT_MASK, true);
  // Nor do we clear set-user-ID bits: the kernel tells us the new mode.
  want(FUSE_CAP_HANDLE_KILLPRIV, false);
}
// #endregion init

fuse_lowlevel_ops AllOperations() {
  fuse_lowlevel_ops operations = {};
  operations.init = Init;
  AddLookups(operations);
  AddDirectories(operations);
  AddFiles(operations);
  AddNames(operations);
  AddRenames(operations);
  AddChanges(operations);
  AddAttributes(operations);
  return operations;
}

absl::StatusOr<Session> NewSession(Union& all) {
  const std::string options = absl::StrCat(
      "default_permissions,fsname=", kSource, ",subtype=", kSource);
  fuse_args arguments = FUSE_ARGS_INIT(0, nullptr);
  fuse_opt_add_arg(&arguments, kSource);
  if (geteuid() != 0) {
    fuse_opt_add_arg(&arguments, "-o");
    fuse_opt_add_arg(&arguments, options.c_str());
  }
  const fuse_lowlevel_ops operations = AllOperations();
  Session session(
      fuse_session_new(&arguments, &operations, sizeof(operations), &all));
  fuse_opt_free_args(&arguments);
  if (session == nullptr) {
    return absl::InternalError("libfuse makes no session");
  }
  return session;
}

// Sets a limit of this process to `most`, or if we may not, to its hard limit.
void Raise(__rlimit_resource_t resource, rlim_t most) {
  rlimit limit = {most, most};
  if (setrlimit(resource, &limit) != 0) {
    getrlimit(resource, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
  }
}

// The caller's limits are not those of the programs that use the union: each
// directory that the kernel knows takes one descriptor per layer, and others
// may write larger files.
void RaiseLimits() {
  const absl::StatusOr<uint64_t> most = ReadNumber("/proc/sys/fs/nr_open");
  Raise(RLIMIT_NOFILE, most.value_or(0));
  Raise(RLIMIT_FSIZE, RLIM_INFINITY);
}

bool IsStillMounted(const fuse_session& session) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  pollfd device = {fuse_session_fd(const_cast<fuse_session*>(&session)), 0, 0};
  return poll(&device, 1, 0) == 0;
}

}  // namespace

// #region serve
absl::Status Serve(Union& all, const std::string& mount_point,
                   const std::function<void()>& ready) {
  const std::string place = std::filesystem::canonical(mount_point);
  RETURN_IF_ERROR(CheckMountPoint(place));
  RETURN_IF_ERROR(KeepCapabilities());
  RaiseLimits();
  umask(0);
  ASSIGN_OR_RETURN(const Session session, NewSession(all));
  RETURN_IF_ERROR(geteuid() == 0 ? MountAsRoot(*session, place)
                                 : MountAsUser(*session, place));
  all.session = session.get();
  RETURN_IF_ERROR(ListenIn(*session, all.caching.passthrough));
  ready();
  Server server(*session);
  absl::Status served = server.Run();
  if (geteuid() == 0 && IsStillMounted(*session)) {
    umount2(place.c_str(), MNT_DETACH);
  }
  fuse_session_unmount(session.get());
  return served;
}
// #endregion serve

}  // namespace mydocker
