"""The first process's new namespaces: own /var, /run, sysctls, resolver and network."""

import os
import subprocess
from pathlib import Path

from tests.cluster.settings import DNS_ADDRESS, NODE_ADDRESS, SERVICE_RANGE, Settings

# The kubelet sets these for the whole machine unless they read so already.
SYSCTLS = {"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"}

HIDDEN = {
    "var": ("lib/kubelet", "lib/cni", "log/pods", "log/containers", "tmp", "cache"),
    "run": ("containerd", "lock"),
}


def set_up(settings: Settings) -> None:
    """Make the mount and network namespace this process is in the node's."""
    _mounts(settings)
    _network()


def _mounts(settings: Settings) -> None:
    # The kubelet needs shared propagation for volumes; these peers are all our own, since
    # `unshare --mount` has cut the host's off.
    _run("mount", "--make-rshared", "/")
    for name, folders in HIDDEN.items():
        root = settings.state / "root" / name
        for folder in folders:
            (root / folder).mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", str(root), f"/{name}")
    Path("/var/run").symlink_to("/run")
    Path("/var/lock").symlink_to("/run/lock")
    (settings.state / "root/var/tmp").chmod(0o1777)
    for key, value in SYSCTLS.items():
        _cover(Path("/proc/sys") / key, value + "\n", settings)
    _cover(Path("/etc/resolv.conf"), f"nameserver {DNS_ADDRESS}\n", settings)


def _cover(file: Path, text: str, settings: Settings) -> None:
    """Bind a file of our own over `file`, so that the machine's stays as it is."""
    ours = settings.state / "covers" / file.relative_to("/")
    ours.parent.mkdir(parents=True, exist_ok=True)
    ours.write_text(text)
    # /etc/resolv.conf may be a link into the /run that was hidden above.
    target = Path(os.path.realpath(file))
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _run("mount", "--bind", str(ours), str(target))


def _network() -> None:
    """Loopback, a bridge with the node's address, a route for services: no way out."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node0", "type", "bridge")
    _run("ip", "address", "add", f"{NODE_ADDRESS}/24", "dev", "node0")
    _run("ip", "link", "set", "node0", "up")
    # Service addresses are translated after routing, so there must be a route for them.
    _run("ip", "route", "add", SERVICE_RANGE, "dev", "node0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
