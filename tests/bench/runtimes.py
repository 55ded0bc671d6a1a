"""What is measured: the same container, made by each of these programs.

Each has new uts, ipc, pid, mount and net namespaces, a /proc of its own, and
runs BusyBox's static `true`. `lacks` and the table say what a program cannot
do.
"""

import dataclasses
import json
import pathlib
import shutil
import subprocess

LIMITS = ["-m", "100m", "-cpushare", "512", "-cpuset", "0"]


@dataclasses.dataclass
class Runtime:
    name: str
    words: list  # the command line up to the command to run
    rootfs: bool = True  # whether its command sees build/rootfs as /
    lacks: str = ""
    version: str = ""
    bundle: pathlib.Path = None  # its config.json has the command, not the words

    def command(self, *argv, number=0):
        """The command line of a container that runs `argv`. Containers that run at once need a number each."""
        if self.bundle:
            container = f"bench-{number}"
            return [*self.words, "--bundle", str(bundle_for(self, argv)), container]
        path = "/bin/" if self.rootfs else f"{self.host_rootfs}/bin/"
        return [*self.words, path + argv[0], *argv[1:]]

    host_rootfs = "build/rootfs"


def bundle_for(runtime, argv):
    """The OCI bundle of this command: each has its own folder."""
    folder = runtime.bundle / argv[0]
    if not (folder / "config.json").exists():
        folder.mkdir(parents=True)
        subprocess.run(["runc", "spec"], cwd=folder, check=True)
        config = json.loads((folder / "config.json").read_text())
        config["process"]["terminal"] = False
        config["process"]["args"] = ["/bin/" + argv[0], *argv[1:]]
        config["root"] = {"path": str(pathlib.Path(Runtime.host_rootfs).resolve()), "readonly": False}
        config["hostname"] = "bench"
        # The same /proc, /dev and /sys as mydocker; no cgroup file system, no message
        # queues.
        config["mounts"] = [m for m in config["mounts"] if m["type"] not in ("cgroup", "mqueue")]
        kinds = ["uts", "ipc", "pid", "mount", "network"]
        config["linux"]["namespaces"] = [{"type": kind} for kind in kinds]
        config["linux"]["resources"] = {
            "memory": {"limit": 100 << 20},
            "cpu": {"shares": 512, "cpus": "0"},
            "pids": {"limit": 100},
        }
        (folder / "config.json").write_text(json.dumps(config, indent=2))
    return folder


def version(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next((line for line in done.stdout.splitlines() if line), "")


def runtimes(build, scratch):
    """All runtimes that can be measured here, mydocker first. `build` contains the programs; `scratch` is our own
    folder."""
    shutil.rmtree(scratch / "bundle", ignore_errors=True)
    nine = [f"{build}/chapters/09-rootfs/run", "run", *LIMITS, "-pids-limit", "100"]
    eight = [f"{build}/chapters/08-run-init/run", "run", *LIMITS]
    no_limits = "no limits"
    return [
        Runtime("mydocker, chapter 9", [*nine, "-rootfs", "build/rootfs", "-hostname", "bench"]),
        Runtime("mydocker, chapter 8", eight, rootfs=False, lacks="the host's files, no limit on processes"),
        Runtime("floor of chapter 9", [f"{build}/tests/bench/floor", "build/rootfs"],
                lacks="everything but the system calls"),
        Runtime("floor of chapter 8", [f"{build}/tests/bench/floor", "-"], rootfs=False,
                lacks="the same; the host's files, no limit on processes"),
        Runtime("crun", ["crun", "run"], bundle=scratch / "bundle" / "crun", version=version("crun", "--version")),
        Runtime("runc", ["runc", "run"], bundle=scratch / "bundle" / "runc", version=version("runc", "--version")),
        Runtime("bubblewrap",
                ["bwrap", "--unshare-uts", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--hostname", "bench",
                 "--bind", "build/rootfs", "/", "--proc", "/proc", "--dev", "/dev"],
                lacks=no_limits, version=version("bwrap", "--version")),
        Runtime("unshare",
                ["unshare", "--uts", "--ipc", "--pid", "--fork", "--mount", "--net", "--root=build/rootfs",
                 "--mount-proc=/proc"],
                lacks=f"{no_limits}, no /dev, chroot in place of pivot_root", version=version("unshare", "--version")),
    ]
