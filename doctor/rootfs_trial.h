// What chapters 9 and 10 do with files, as a step of a trial.

#ifndef MYDOCKER_DOCTOR_ROOTFS_TRIAL_H_
#define MYDOCKER_DOCTOR_ROOTFS_TRIAL_H_

#include "absl/status/status.h"

namespace mydocker {

// Makes a root file system in memory and enters it, with its /dev and /sys. The
// caller must be in its own mount namespace, whose mounts are private:
// everything disappears with it. Errors: those of EnterRootfs, MountDev,
// MountSys.
absl::Status EnterNewRootfs();

// The same with a root file system that is a layer, below an empty one.
// Errors: also those of MountLayers.
absl::Status EnterNewLayers();

}  // namespace mydocker

#endif  // MYDOCKER_DOCTOR_ROOTFS_TRIAL_H_
