"""`make demo`: the whole story once. See the module's package for what happens."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.prompt import Prompt

from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cli.diagnosis_view import render
from podiatrist.cluster.store import parse_diagnosis
from tests.cluster import Cluster, ClusterError, current, down, ensure_up
from tests.demo.screen import Screen, run
from tests.harness.install import InstallError, install
from tests.harness.only import only_one
from tests.harness.processes import Podiatrist

SCENARIO = Path(__file__).with_name("scenario.yaml")
WORKLOADS = ("nginx", "some-app")
_SETTINGS = {"PODIATRIST_SOAK": "15", "PODIATRIST_VERIFY": "120", "PODIATRIST_RECHECK": "5"}
_PATIENCE = 300.0
"""Seconds after which something that did not happen counts as not happening."""


class DemoError(Exception):
    """The story did not end well; `str()` says where."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl as a user of the cluster would call it."""

    cluster: Cluster
    namespace: str

    def __call__(self, *arguments: str) -> str:
        """Run kubectl and return what it printed."""
        where = ["--kubeconfig", str(self.cluster.kubeconfig), "-n", self.namespace]
        return run([str(self.cluster.kubectl), *where, *arguments])

    def typed(self, *arguments: str) -> str:
        """Return the command as a user would type it."""
        where = () if self.namespace == "default" else ("-n", self.namespace)
        return shlex.join(("kubectl", *where, *arguments))

    def ensure_namespace(self) -> None:
        """Create the namespace if it is not there."""
        if not self("get", "namespace", self.namespace, "--ignore-not-found"):
            self("create", "namespace", self.namespace)

    def diagnoses(self) -> dict[str, Diagnosis]:
        """Return the newest Diagnosis of each of the demo's workloads."""
        items = json.loads(self("get", "diagnoses", "-o", "json"))["items"]
        found = [d for d in map(parse_diagnosis, items) if d is not None]
        found.sort(key=lambda d: str(d.metadata.creation_timestamp))
        return {d.spec.target.name: d for d in found if d.spec.target.name in WORKLOADS}

    def pods(self) -> list[dict[str, Any]]:
        """Return the demo's pods."""
        selector = f"app in ({', '.join(WORKLOADS)})"
        items: list[dict[str, Any]] = json.loads(self("get", "pods", "-l", selector, "-o", "json"))[
            "items"
        ]
        return items


def main() -> int:
    """Play the demo; 0 when all four pods run and both Diagnoses succeeded."""
    arguments = _parser().parse_args()
    screen = Screen(record=arguments.record is not None)
    if arguments.clean:
        return _clean_only(screen, arguments.namespace)
    if not (arguments.yes or sys.stdin.isatty()):
        print("error: nobody is there to approve; use: make demo YES=1", file=sys.stderr)
        return 2
    try:
        with only_one(lambda line: screen.console.print(line, style="dim")):
            return _tell(arguments, screen)
    except KeyboardInterrupt:
        return 130


def _tell(arguments: argparse.Namespace, screen: Screen) -> int:
    was_up = current() is not None
    kubectl: Kubectl | None = None
    try:
        cluster = ensure_up(lambda line: screen.console.print(line, style="dim"))
        if not cluster.containers:
            raise DemoError(f"the demo needs real containers: {cluster.why_no_containers}")
        kubectl = Kubectl(cluster, arguments.namespace)
        with tempfile.TemporaryDirectory(prefix="podiatrist-demo-") as folder:
            screen.say("Installing Podiatrist's CRD and rights, starting it from the source")
            install(cluster)
            if arguments.namespace != "default":
                kubectl.ensure_namespace()
            clean(kubectl)
            with Podiatrist(cluster, Path(folder), _SETTINGS):
                _play(screen, kubectl, yes=arguments.yes)
    except KeyboardInterrupt:
        screen.say("Interrupted; cleaning up")
        if not was_up:
            down()
        elif kubectl is not None:
            clean(kubectl)
        return 130
    except (ClusterError, InstallError, DemoError) as error:
        screen.console.print(f"error: {error}", style="red", markup=False)
        return 1
    except subprocess.CalledProcessError as error:
        screen.console.print(f"error: {shlex.join(error.cmd)}: {error.stderr}", style="red",
                             markup=False)  # fmt: skip
        return 1
    screen.say("All four pods run. What you can do now:")
    last = "make cluster-down" if own_cluster() else "make demo-clean (with the same CLUSTER)"
    screen.console.print(
        "  look around   export KUBECONFIG=$(make -s cluster-kubeconfig)\n"
        "  keep it on    make dev\n"
        f"  take it down  {last}",
        markup=False,
        soft_wrap=True,
    )
    if arguments.record is not None:
        screen.save(arguments.record)
    return 0


def own_cluster() -> bool:
    """Say whether the demo plays on the cluster that this checkout made."""
    return os.environ.get("CLUSTER", "own") in ("", "own")


def _clean_only(screen: Screen, namespace: str) -> int:
    # Somebody else's cluster is always up; there ensure_up only asks whether it is meant.
    cluster = current() if own_cluster() else ensure_up()
    if cluster is None:
        screen.console.print("the cluster is not up: nothing to clean")
        return 0
    clean(Kubectl(cluster, namespace))
    screen.console.print("the demo's Deployments, Diagnoses and node label are gone")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    yes = os.environ.get("YES", "") not in ("", "0")
    parser.add_argument("--yes", action="store_true", default=yes, help="approve option 1 of each")
    namespace = "default" if own_cluster() else "podiatrist-demo"
    parser.add_argument("--namespace", default=namespace)
    parser.add_argument("--clean", action="store_true", help="only take away what it left")
    parser.add_argument("--record", type=Path, help="write the screen to this SVG file")
    return parser


def clean(kubectl: Kubectl) -> None:
    """Take away what an earlier demo left: workloads, their Diagnoses, the node label."""
    kubectl("delete", "-f", str(SCENARIO), "--ignore-not-found", "--wait=true")
    for node in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]:
        if "no-such-node" in (node["metadata"].get("labels") or {}):
            kubectl("label", "node", node["metadata"]["name"], "no-such-node-")


def _play(screen: Screen, kubectl: Kubectl, *, yes: bool) -> None:
    screen.say("Two Deployments that cannot work")
    file = ("apply", "-f")
    screen.command(kubectl.typed(*file, "tests/demo/scenario.yaml"), kubectl(*file, str(SCENARIO)))
    _wait_for_trouble(screen, kubectl)
    _show(screen, kubectl, "get", "pods")
    screen.say("Podiatrist waits a little, in case it heals by itself; then it looks")
    _wait_for_options(screen, kubectl)
    _show(screen, kubectl, "get", "diagnoses")
    for name in WORKLOADS:
        _approve(screen, kubectl, kubectl.diagnoses()[name], yes=yes)
    screen.say("The executor carries out what was approved, and watches whether it helped")
    _wait_for_success(screen, kubectl)
    _show(screen, kubectl, "get", "pods")
    _show(screen, kubectl, "get", "diagnoses")


def _show(screen: Screen, kubectl: Kubectl, *arguments: str) -> None:
    screen.command(kubectl.typed(*arguments), kubectl(*arguments))


def _wait_for_trouble(screen: Screen, kubectl: Kubectl) -> None:
    """Wait until the pods are there and the image could not be pulled."""
    with screen.waiting() as line:
        for _ in _ticks("the pods did not show any trouble"):
            pods = kubectl.pods()
            waiting = [
                s["state"]["waiting"]["reason"]
                for p in pods
                for s in p["status"].get("containerStatuses") or []
                if "waiting" in s["state"]
            ]
            if len(pods) == 4 and any("Image" in reason for reason in waiting):
                return
            line.show(f"waiting for the kubelet to pull the image: {len(pods)} pods")


def _wait_for_options(screen: Screen, kubectl: Kubectl) -> None:
    ready = (State.AWAITING_APPROVAL, State.NEEDS_HUMAN)
    with screen.waiting() as line:
        for _ in _ticks("no Diagnosis with a previewed option"):
            found = kubectl.diagnoses()
            if len(found) == len(WORKLOADS) and all(
                d.status.state in ready and all(o.preview for o in d.status.options)
                for d in found.values()
            ):
                return
            states = [f"{n}: {d.status.state or 'new'}" for n, d in found.items()]
            line.show("waiting for Diagnoses; " + (", ".join(states) or "none yet"))


def _approve(screen: Screen, kubectl: Kubectl, diagnosis: Diagnosis, *, yes: bool) -> None:
    """Show a Diagnosis, ask which option, and type the annotate command for it."""
    name = diagnosis.metadata.name
    screen.console.print()
    screen.console.print(render(diagnosis))
    options = diagnosis.status.options
    if not options:
        raise DemoError(f"{name} has no option: {diagnosis.status.summary}")
    choice = "1"
    if not yes:
        numbers = [str(n) for n in range(1, len(options) + 1)]
        choice = Prompt.ask(
            f"Which option of {name} do you approve?", choices=numbers, default="1",
            console=screen.console,
        )  # fmt: skip
    digest = options[int(choice) - 1].digest
    _show(screen, kubectl, "annotate", "diagnosis", name, f"podiatrist.dev/approve={digest}")


def _wait_for_success(screen: Screen, kubectl: Kubectl) -> None:
    ends = (State.FAILED, State.ROLLED_BACK, State.NEEDS_HUMAN, State.REJECTED)
    with screen.waiting() as line:
        for _ in _ticks("the fixes did not succeed in time"):
            found = kubectl.diagnoses()
            phases = [p["status"].get("phase") for p in kubectl.pods()]
            states = {n: d.status.state for n, d in found.items()}
            for name, state in states.items():
                if state in ends:
                    raise DemoError(f"{name}: {state}: {found[name].status.conditions[-1].message}")
            if phases == ["Running"] * 4 and set(states.values()) == {State.SUCCEEDED}:
                return
            said = ", ".join(f"{n} {s}" for n, s in states.items())
            line.show(f"{said}; {phases.count('Running')} of 4 pods Running")


def _ticks(otherwise: str) -> Any:
    """Yield once a second; raise DemoError when patience is over."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        yield
        time.sleep(1)
    raise DemoError(f"{otherwise} within {_PATIENCE:.0f}s")


if __name__ == "__main__":
    sys.exit(main())
