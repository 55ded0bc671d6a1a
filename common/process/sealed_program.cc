#include "common/process/sealed_program.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>

#include "absl/status/status.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// In each try, the kernel waits some 100 ms.
constexpr int kAttempts = 50;

// Makes an empty file in memory. Since Linux 6.3 a flag must say that it is to
// be executed (sysctl vm.memfd_noexec); older kernels reject that flag.
absl::StatusOr<UniqueFd> MakeFileInMemory() {
  constexpr unsigned kExecutable = 0x10;  // MFD_EXEC
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd file(memfd_create("mydocker", kFlags | kExecutable));
  if (!file.valid() && errno == EINVAL) {
    file = UniqueFd(memfd_create("mydocker", kFlags));
  }
  if (!file.valid()) {
    const int error = errno;
    return ErrnoError(error, "make a file in memory",
                      error == EACCES
                          ? "vm.memfd_noexec=2 forbids that on this machine: "
                            "sysctl vm.memfd_noexec=1 allows it"
                          : "");
  }
  return file;
}

// How much of the program's file the kernel loads. The rest is for debuggers;
// it would make the copy half as long again.
size_t LoadedLength() {
  size_t length = 0;
  // The program itself is visited first (dl_iterate_phdr(3)); 1: no others.
  const auto visit = [](dl_phdr_info* object, size_t, void* result) {
    size_t& end = *static_cast<size_t*>(result);
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = object->dlpi_phdr[i];
      if (segment.p_type == PT_LOAD) {
        end = std::max(end, segment.p_offset + segment.p_filesz);
      }
    }
    return 1;
  };
  dl_iterate_phdr(visit, &length);
  return length;
}

// #region seals
// EBUSY is temporary: some CPU still has one of the new pages on its own list.
// The kernel waits for that, but not for ever (mm/memfd.c).
bool Seal(const UniqueFd& file) {
  constexpr unsigned kSeals =
      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  int result = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    result = fcntl(file.get(), F_ADD_SEALS, kSeals);
    if (result == 0 || errno != EBUSY) {
      break;
    }
  }
  return result == 0;
}
// #endregion seals

}  // namespace

// #region seal
absl::StatusOr<UniqueFd> SealedCopyOfThisProgram() {
  const UniqueFd program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!program.valid()) {
    return ErrnoError(errno, "open /proc/self/exe");
  }
  ASSIGN_OR_RETURN(UniqueFd copy, MakeFileInMemory());
  for (size_t left = LoadedLength(); left > 0;) {
    const ssize_t copied = sendfile(copy.get(), program.get(), nullptr, left);
    if (copied <= 0) {
      return ErrnoError(copied == 0 ? ENOEXEC : errno,
                        "copy this program into memory");
    }
    left -= copied;
  }
  if (!Seal(copy)) {
    return ErrnoError(errno, "seal the copy of this program in memory");
  }
  return copy;
}
// #endregion seal

}  // namespace mydocker
