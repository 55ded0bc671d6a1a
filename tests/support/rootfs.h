// Root file systems for containers, made from the host's busybox.

#ifndef MYDOCKER_TESTS_SUPPORT_ROOTFS_H_
#define MYDOCKER_TESTS_SUPPORT_ROOTFS_H_

#include <map>
#include <string>

namespace blackbox {

// Makes a root file system in TestDirectory(), under this name, and returns its
// path: a static busybox with its commands in /bin, and empty folders. Fails
// the test if that is impossible.
std::string MakeRootfs(const std::string& name = "rootfs");

// All that a modification below `directory` would change, one entry for each
// file by its path: type, permissions, owner, times, and content or target.
std::map<std::string, std::string> Inventory(const std::string& directory);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_ROOTFS_H_
