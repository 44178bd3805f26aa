"""The cluster's own cgroup: a folder of its name in every hierarchy, made before, removed after."""

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids", "hugetlb")


def usable() -> bool:
    """Whether cgroups can be made here at all."""
    return any(_writable(hierarchy) for hierarchy in _hierarchies())


def make(name: str) -> None:
    """Make the folder that the kubelet's `cgroupRoot` names."""
    for hierarchy in _hierarchies():
        folder = hierarchy / name
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
        if not folder.exists():
            continue
        # v1: a new cpuset is empty, and nothing can join an empty one.
        for key in ("cpuset.cpus", "cpuset.mems"):
            if (folder / key).exists() and (hierarchy / key).exists():
                (folder / key).write_text((hierarchy / key).read_text())
        # v2: children have only the controllers that their parent hands down.
        if (folder / "cgroup.controllers").exists():
            for controller in CONTROLLERS:
                for parent in (hierarchy, folder):
                    with contextlib.suppress(OSError):
                        (parent / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(name: str, seconds: float = 20.0) -> list[Path]:
    """Remove the folders, deepest first; returns those that stayed busy."""
    deadline = time.monotonic() + seconds
    while True:
        for hierarchy in _hierarchies():
            for folder, _, _ in os.walk(hierarchy / name, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
        left = [hierarchy / name for hierarchy in _hierarchies() if (hierarchy / name).exists()]
        # A killed process holds its cgroup until it is reaped.
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _hierarchies() -> list[Path]:
    """Every hierarchy's root: one with cgroup v2, one a controller with v1."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return sorted(folder for folder in ROOT.glob("*") if (folder / "cgroup.procs").exists())


def _writable(hierarchy: Path) -> bool:
    probe = hierarchy / f"podiatrist-probe-{time.monotonic_ns()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True
