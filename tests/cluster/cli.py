"""The commands of `python3 -m tests.cluster`: each parses, calls one function, prints."""

import argparse
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from tests.cluster import choice, images, outages, own, pki, processes, status
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.progress import to_stderr
from tests.cluster.settings import Settings
from tests.cluster.store import Name, Runs

NOT_UP = "the cluster is not up"
START = "start it with `python3 -m tests.cluster up`"
INTERRUPTED = 130


def main() -> int:
    """Run one command; returns its exit code."""
    signal.signal(signal.SIGTERM, _as_exit)
    arguments = sys.argv[1:]
    # What follows `--` is another program's; argparse would take its options for ours.
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options = _parser().parse_args(arguments[:split])
    options.words = arguments[split + 1 :]
    if getattr(options, "yes", False):
        os.environ["YES"] = "1"
    try:
        code = int(options.run(options) or 0)
        sys.stdout.flush()
        return code
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `status | head` has read enough; Python would complain once more at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _up(options: argparse.Namespace) -> None:
    cluster = choice.ensure_up()
    if not cluster.containers:
        to_stderr(f"no containers here: {cluster.why_no_containers}")
    to_stderr(f"{cluster.name} is up; KUBECONFIG={cluster.kubeconfig}")


def _down(options: argparse.Namespace) -> None:
    choice.down()


def _kubeconfig(options: argparse.Namespace) -> None:
    print(_current().kubeconfig)


def _kubectl(options: argparse.Namespace) -> None:
    print(_current().kubectl)


def _status(options: argparse.Namespace) -> int:
    told = _told()
    if options.json:
        print(status.as_json(told))
    else:
        print(f"{NOT_UP}; {START}" if told is None else status.text(told))
    return 0 if told else 1


def _told() -> dict[str, object] | None:
    if choice.provider() is not own:
        other = choice.current()
        return None if other is None else asdict(other)
    cluster = own.running()
    return None if cluster is None else status.of(cluster)


def _exec(options: argparse.Namespace) -> int:
    cluster = _own()
    first = processes.first(cluster.state)
    if not options.words or first is None:
        raise ClusterError("no command given", "python3 -m tests.cluster exec -- ip address")
    inside = processes.enter(first) if cluster.containers else []
    environment = os.environ | {
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{cluster.programs}:{os.environ.get('PATH', '')}",
    }
    # Entering a mount namespace leaves one at its root.
    there = ["sh", "-c", 'cd "$0" 2>/dev/null; exec "$@"', str(Path.cwd())]
    command = [*inside, *there, *options.words]
    return subprocess.run(command, env=environment, check=False).returncode


def _stop(options: argparse.Namespace) -> None:
    outages.stop(_own(), options.component)


def _start(options: argparse.Namespace) -> None:
    outages.start(_own(), options.component)


def _logs(options: argparse.Namespace) -> int:
    command = status.tail_command(_own(), options.component, follow=options.follow)
    return subprocess.run(command, check=False).returncode


def _user(options: argparse.Namespace) -> None:
    print(pki.make_user(_own(), options.name, options.group))


def _push(options: argparse.Namespace) -> None:
    runs = Runs(
        cmd=tuple(options.words),
        env=tuple(options.env),
        user=options.user,
        workdir=options.workdir,
    )
    digest = images.push(_own(), options.image, options.folder, runs, options.base)
    print(f"{Name.parse(options.image)} {digest}")


def _current() -> Cluster:
    cluster = choice.current()
    if cluster is None:
        raise ClusterError(NOT_UP, START)
    return cluster


def _own() -> Settings:
    """The settings of our own cluster: what the other commands work on."""
    if choice.provider() is not own:
        raise ClusterError("this works on our own cluster only", "leave CLUSTER unset")
    cluster = own.running()
    if cluster is None:
        raise ClusterError(NOT_UP, START)
    return cluster


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.cluster", description="A real Kubernetes: see docs/cluster.md."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start the cluster if it is not up, wait until ready")
    up.add_argument("--yes", action="store_true", help="agree to use CLUSTER=current")
    up.set_defaults(run=_up)
    for name, run, about in (
        ("down", _down, "end the cluster, leave nothing of it"),
        ("kubeconfig", _kubeconfig, "print the path of the admin's kubeconfig"),
        ("kubectl", _kubectl, "print the path of the cluster's kubectl"),
    ):
        commands.add_parser(name, help=about).set_defaults(run=run)

    told = commands.add_parser("status", help="what runs, versions, ports, files")
    told.add_argument("--json", action="store_true")
    told.set_defaults(run=_status)

    inside = commands.add_parser("exec", help="-- CMD: run it in the cluster's network")
    inside.set_defaults(run=_exec)

    for name, run in (("stop", _stop), ("start", _start)):
        outage = commands.add_parser(name, help=f"{name} one component, and wait for it")
        outage.add_argument("component")
        outage.set_defaults(run=run)

    logs = commands.add_parser("logs", help="print a component's log")
    logs.add_argument("component")
    logs.add_argument("--follow", "-f", action="store_true")
    logs.set_defaults(run=_logs)

    user = commands.add_parser("user", help="make a kubeconfig for another user, print its path")
    user.add_argument("name")
    user.add_argument("--group", action="append", default=[])
    user.set_defaults(run=_user)

    push = commands.add_parser("push", help="-- CMD: make an image of a folder that runs CMD")
    push.add_argument("image")
    push.add_argument("folder", type=Path)
    push.add_argument("--base", help="an image of the registry below it, such as busybox")
    push.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    push.add_argument("--user", default="")
    push.add_argument("--workdir", default="/")
    push.set_defaults(run=_push)
    return parser


def _as_exit(number: int, frame: FrameType | None) -> None:
    """SIGTERM as an exception, so that `up` cleans up after itself as it does on Ctrl-C."""
    sys.exit(128 + number)
