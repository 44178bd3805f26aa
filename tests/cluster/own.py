"""The cluster of our own: starts it, tells about it, ends it. Every step may be repeated."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import zlib
from contextlib import AbstractContextManager
from pathlib import Path

from tests.cluster import (
    addons,
    build,
    cgroups,
    images,
    packages,
    paths,
    pki,
    processes,
    settings,
)
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.locks import locked
from tests.cluster.progress import Say
from tests.cluster.settings import Ports, Settings

FIRST_PORT, PORT_COUNT = 16400, 8000


def up(say: Say) -> Cluster:
    """Have the cluster running and ready; starts only what is not there."""
    return _described(running() or _up(say))


def current() -> Cluster | None:
    """The cluster of this checkout, if it is up."""
    cluster = running()
    return None if cluster is None else _described(cluster)


def _up(say: Say) -> Settings:
    why = _why_no_containers()
    say(f"control plane only: {why}" if why else "a cluster with one real node")
    commands = packages.CONTROL_PLANE_COMMANDS if why else packages.NODE_COMMANDS
    packages.ensure_commands(commands, say)
    programs = build.ensure(say, node=not why)
    store = Path() if why else images.ensure(programs, say)
    debian = Path() if why else packages.ensure_unpacked(say)
    with _lock(paths.name(), say):
        if (cluster := running()) is not None:
            return cluster
        try:
            cluster = _started(programs, store, debian, why, say)
            addons.wait_api(cluster, say)
            if cluster.containers:
                addons.apply(cluster)
            addons.wait_ready(cluster, say)
        except (KeyboardInterrupt, SystemExit):
            say("interrupted: taking down what was started")
            _remove(paths.name(), say)
            raise
        (cluster.state / "ready").touch()
        return cluster


def running() -> Settings | None:
    """The settings of this checkout's cluster, if it runs and was once ready."""
    state = paths.state()
    if (state / "ready").exists() and processes.first(state) is not None:
        return settings.load(state)
    return None


def down(say: Say) -> None:
    """Leave nothing of the cluster and of its copies, in whatever state they are."""
    for name in (*paths.copies(), paths.name()):
        # Before the lock: an `up` that waits for a cluster that never gets ready gives up by this.
        processes.kill(paths.state(name))
        with _lock(name, say):
            _remove(name, say)
        say(f"nothing of {name} is left")


def _described(cluster: Settings) -> Cluster:
    return Cluster(
        name=cluster.name,
        kubeconfig=cluster.kubeconfig,
        kubectl=cluster.programs / "kubectl",
        containers=cluster.containers,
        why_no_containers=cluster.why_no_containers,
        audit_log=cluster.audit_log,
    )


def _lock(name: str, say: Say) -> AbstractContextManager[None]:
    file = paths.cache() / "clusters" / f"{name}.lock"
    return locked(file, lambda: say("waiting for another `up` or `down` of this cluster ..."))


def _remove(name: str, say: Say) -> None:
    state = paths.state(name)
    processes.kill(state)
    busy = cgroups.remove(name)
    if busy:
        say(f"could not remove {', '.join(map(str, busy))}: something still runs in it")
    _unmount(state)
    for _ in range(50):
        # Without a pid namespace the components end a moment after the first process, and write on.
        with contextlib.suppress(OSError):
            shutil.rmtree(state)
        if not state.exists():
            return
        time.sleep(0.1)
    raise ClusterError(f"cannot remove {state}", "see who owns what is left in it, and remove it")


def _unmount(state: Path) -> None:
    """Nothing of ours is mounted outside; but deleting through a mount would be a bad mistake."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for place in reversed([line.split()[4] for line in lines]):
        if Path(place).is_relative_to(state):
            subprocess.run(["umount", "--lazy", place], check=True)


def _started(programs: Path, store: Path, debian: Path, why: str, say: Say) -> Settings:
    """The settings of the running first process; it is started if there is none."""
    state = paths.state()
    running = settings.load(state) if processes.first(state) is not None else None
    if running is not None:
        return running
    _remove(paths.name(), say)  # what an earlier crash has left
    (state / "stopped").mkdir(parents=True)
    (state / "log").mkdir()
    with _listening() as door:
        port = door.getsockname()[1]
        cluster = Settings(
            name=paths.name(),
            state=state,
            programs=programs,
            images=store,
            debian=debian,
            ports=Ports(port) if not why else Ports(port, _free_port(), _free_port()),
            containers=not why,
            why_no_containers=why,
        )
        pki.make_all(cluster)
        cluster.save()
        if not why:
            cgroups.make(cluster.name)
            _spawn(cluster, door.fileno())
    if why:
        # Only now is the port free for the API server itself.
        _spawn(cluster, None)
    return cluster


def _spawn(cluster: Settings, door: int | None) -> None:
    """Start the first process, detached from this terminal, in namespaces of its own."""
    command = [sys.executable, "-m", processes.FIRST, str(cluster.state)]
    if door is not None:
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
        command = [*unshare, "--mount-proc", "--", *command, str(door)]
    with (cluster.logs / "first.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=paths.CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=() if door is None else (door,),
            start_new_session=True,
            env={"PATH": f"{os.environ.get('PATH', '')}:{packages.SEARCH}", "LANG": "C.UTF-8"},
        )
    # It outlives us on purpose; without this Python warns of a process nobody waited for.
    process.returncode = 0


def _listening() -> socket.socket:
    """A listening socket on a free loopback port: the same each time, if nobody has taken it."""
    start = zlib.crc32(paths.name().encode()) % PORT_COUNT
    for offset in range(100):
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", FIRST_PORT + (start + offset) % PORT_COUNT))
            door.listen(256)
        except OSError:
            door.close()
            continue
        return door
    raise ClusterError("no free port on the loopback", "end what listens on so many ports")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _why_no_containers() -> str:
    """Why containers cannot run here; empty when they can."""
    if os.geteuid() != 0:
        return "containers need root"
    if not shutil.which("unshare"):
        return "the command unshare (util-linux) is missing"
    probe = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return f"namespaces are not allowed here ({done.stderr.strip()})"
    if not cgroups.usable():
        return f"no cgroup can be made in {cgroups.ROOT}"
    return ""
