"""What the cluster needs from Debian: commands that are installed, and packages only unpacked."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import paths
from tests.cluster.errors import ClusterError
from tests.cluster.locks import locked
from tests.cluster.progress import Say, silent

# /usr/sbin is not on every user's PATH, but iptables and ip lie there.
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

CONTROL_PLANE_COMMANDS = {"openssl": "openssl"}
NODE_COMMANDS = CONTROL_PLANE_COMMANDS | {
    "ip": "iproute2",
    "iptables": "iptables",
    "mount": "mount",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ldd": "libc-bin",
    "dpkg": "dpkg",
}

# Unpacked into the cache, never installed: `apt-get install containerd` would throw out Docker's
# own containerd.io where that is installed, and start a service where systemd runs.
RUNTIME = ("containerd", "runc", "containernetworking-plugins")
CONTENTS = ("busybox", "nginx", "nginx-common", "libpcre2-8-0", "libcrypt1", "libssl3", "zlib1g")


def ensure_commands(commands: dict[str, str], say: Say) -> None:
    """Have every command on the path; as root install what is missing, else say how."""
    missing = {
        package for command, package in commands.items() if not shutil.which(command, path=SEARCH)
    }
    if not missing:
        return
    # --no-remove: rather fail than take another package off a developer's machine.
    install = ["apt-get", "install", "-y", "--no-install-recommends", "--no-remove"]
    install += sorted(missing)
    by_hand = shlex.join(["apt-get", *install[1:]])
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ClusterError(
            f"these packages are missing: {' '.join(sorted(missing))}", f"run as root: {by_hand}"
        )
    say(f"installing with apt-get: {' '.join(sorted(missing))}")
    _apt(install, Path.cwd(), say)


def ensure_unpacked(say: Say = silent) -> Path:
    """The folder with RUNTIME and CONTENTS unpacked as `dpkg -x` does; made once per cache."""
    wanted = RUNTIME + CONTENTS
    target = paths.cache() / "debian" / paths.digest(" ".join(wanted))
    if target.exists():
        return target
    with locked(paths.cache() / "debian.lock", lambda: say("waiting for another download ...")):
        if target.exists():
            return target
        say(f"downloading Debian packages: {' '.join(wanted)}")
        unfinished = target.with_name(f".{target.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / "debs").mkdir(parents=True)
        _apt(["apt-get", "download", *wanted], unfinished / "debs", say)
        for package in sorted((unfinished / "debs").glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, unfinished], check=True)
        unfinished.rename(target)
    return target


def versions(unpacked: Path) -> dict[str, str]:
    """The versions of the unpacked runtime, from the packages' file names."""
    names = [file.name.split("_") for file in (unpacked / "debs").glob("*.deb")]
    return {package: version for package, version, _ in names if package in RUNTIME}


def _apt(command: Sequence[str], folder: Path, say: Say) -> None:
    """Run apt-get; on failure once more with fresh lists (a new machine has none at all)."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}

    def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    done = run(command)
    if done.returncode != 0:
        say("apt-get found not all packages; updating its lists")
        run(["apt-get", "update"])
        done = run(command)
    if done.returncode != 0:
        raise ClusterError(
            f"{shlex.join(command)} failed:\n{done.stderr.strip()}",
            "see that this Debian's package lists are in order (apt-get update), then try again",
        )
