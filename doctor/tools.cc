#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/process/executable.h"
#include "doctor/checks.h"

namespace mydocker {
namespace {

// The programs that the pages use, and the Debian package of each (Ubuntu's
// have the same names). vagrant/packages.txt installs them.
struct Package {
  absl::string_view name;
  std::vector<absl::string_view> tools;
};

const std::vector<Package>& Packages() {
  static const auto& packages = *new std::vector<Package>{
      {"busybox-static", {"busybox"}},
      {"fuse3", {"fusermount3"}},
      {"hostname", {"hostname"}},
      {"iproute2", {"ip"}},
      {"mount", {"mount", "umount"}},
      {"procps", {"ps", "sysctl", "top"}},
      {"psmisc", {"pstree"}},
      {"python3", {"python3"}},
      {"strace", {"strace"}},
      {"stress", {"stress"}},
      {"unionfs-fuse", {"unionfs"}},
      {"util-linux",
       {"findmnt", "ipcmk", "ipcs", "lsns", "nsenter", "unshare"}},
  };
  return packages;
}

Row CheckPackage(const Package& package) {
  // sudo searches these, too; the PATH of an ordinary user may lack them.
  const std::string path = absl::StrCat(SearchPath(), ":/usr/sbin:/sbin");
  std::vector<absl::string_view> missing;
  for (const absl::string_view tool : package.tools) {
    if (!FindExecutable(tool, path).ok()) {
      missing.push_back(tool);
    }
  }
  const std::string name(package.name);
  if (missing.empty()) {
    return {name, Verdict::kOk, absl::StrJoin(package.tools, ", ")};
  }
  return {name, Verdict::kNo,
          absl::StrCat("not here: ", absl::StrJoin(missing, ", ")),
          absl::StrCat("make deps (or: apt install ", name, ")")};
}

}  // namespace

Section CheckTools() {
  Section section = {"tools", "Programs that the pages use, by package", {}};
  for (const Package& package : Packages()) {
    section.rows.push_back(CheckPackage(package));
  }
  return section;
}

}  // namespace mydocker
