"""Plays one case on the cluster: break, listen, fix, prove, clean up."""

import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from podiatrist.api import names
from podiatrist.api.conditions import OVER, condition
from podiatrist.api.diagnosis import Diagnosis, State
from tests.e2e.kube import Kube, Object, until
from tests.faults_runner.case import CLUSTER_SCOPED, Check
from tests.faults_runner.judge import target_of, undetected, unnamed, wrongs
from tests.faults_runner.load import Fault
from tests.faults_runner.table import Row

SETTLE = 5.0
"""Seconds that are listened on after all is said: what is one too many often comes second."""

PROOF = 60.0
"""Seconds within which a proof must hold."""

FIX = 120.0
"""Seconds within which an approved option must have succeeded."""

CONTROL = 40.0
"""Seconds within which a sick pod that stands beside a healthy case must be noticed."""

_CLUSTER_TOOL = [sys.executable, "-m", "tests.cluster"]


class FaultError(AssertionError):
    """A case did not go as it should; `str()` says what was expected and what came."""


@dataclass
class Play:
    """One case being played. `row` fills up on the way, so that it also tells of a failure."""

    fault: Fault
    kube: Kube
    row: Row
    _known: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Play the case. Raises FaultError."""
        self.row.family, self.row.healthy = self.fault.case.family, self.fault.case.healthy
        self._known = {d.metadata.uid for d in self._of_cluster_scoped()}
        # A bare Pod is refused, or waits for its volumes, until controllers made these.
        self.kube("wait", "--for=create", "--timeout=60s", "serviceaccount/default")
        self.kube("wait", "--for=create", "--timeout=60s", "configmap/kube-root-ca.crt")
        try:
            for manifest in self.fault.manifests:
                self.kube("apply", "-f", "-", stdin=manifest.text)
                for command in self.fault.case.after.get(manifest.name, []):
                    self._do(command)
                    self._nothing_wrong()
            self._listen_to_silence() if self.fault.case.healthy else self._listen()
            self._fix()
        finally:
            self._clean_up()

    def diagnoses(self) -> list[Diagnosis]:
        """Return the Diagnoses of the case, those about cluster-scoped objects too."""
        return [*self.kube.diagnoses(), *self._of_cluster_scoped()]

    def _of_cluster_scoped(self) -> list[Diagnosis]:
        if not self.fault.case.serial:
            return []
        found = Kube(self.kube.cluster, names.NAMESPACE).diagnoses()
        return [d for d in found if d.metadata.uid not in self._known]

    def _nothing_wrong(self) -> list[Diagnosis]:
        """Return the Diagnoses as they are now, once nothing in them must never be."""
        diagnoses = self.diagnoses()
        for wrong in wrongs(self.fault.case, diagnoses, self.fault.secrets()):
            raise FaultError(wrong)
        return diagnoses

    def _listen_to_silence(self) -> None:
        began = time.monotonic()
        while time.monotonic() < began + self.fault.case.quiet:
            time.sleep(1)
            self._nothing_wrong()
        self.row.seconds = time.monotonic() - began
        self._prove()
        control(self.kube)
        self._nothing_wrong()
        self.row.quiet = True

    def _listen(self) -> None:
        began = time.monotonic()
        missing = ["nothing was looked at"]
        while missing:
            if time.monotonic() > began + self.fault.case.seconds:
                raise FaultError(f"after {self.fault.case.seconds:.0f}s: " + "; ".join(missing))
            time.sleep(1)
            diagnoses = self._nothing_wrong()
            missing = undetected(self.fault.case, diagnoses)
            self.row.detected = not missing
            missing += unnamed(self.fault.case, diagnoses)
        self.row.named, self.row.seconds = True, time.monotonic() - began
        time.sleep(SETTLE)
        diagnoses = self._nothing_wrong()
        for lack in undetected(self.fault.case, diagnoses) + unnamed(self.fault.case, diagnoses):
            self.row.named = False
            raise FaultError(f"said it, and then no longer: {lack}")

    def _fix(self) -> None:
        fix = self.fault.case.fix
        if fix is None:
            return
        self.row.fixed = False
        if fix.option is not None:
            self._approve(fix.target, fix.option)
        for command in fix.by_hand:
            self._do(command)
        ends = dict.fromkeys(fix.also_resolves, State.RESOLVED)
        ends[fix.target] = State.SUCCEEDED if fix.option is not None else State.RESOLVED

        def ended() -> str | None:
            now = {target_of(d): d for d in self._nothing_wrong()}
            for target, end in ends.items():
                state = now[target].status.state if target in now else None
                if state == end:
                    continue
                if state in OVER:
                    raise FaultError(f"{target} ended as {state}, not {end}: {_why(now[target])}")
                return f"{target} is {state}, not {end}"
            return None

        self._until(ended, FIX)
        self._prove()
        self._nothing_wrong()
        self.row.fixed = True

    def _approve(self, target: str, title: str) -> None:
        def approved() -> str | None:
            diagnosis = next(d for d in self._nothing_wrong() if target_of(d) == target)
            options = diagnosis.status.options
            chosen = [o for o in options if title == "first" or title.lower() in o.title.lower()]
            if not chosen:
                return f"{target}: no option {title!r} among {[o.title for o in options]}"
            option = chosen[0]
            if option.preview is None or not option.preview.ok:
                return f"{target}: option {option.title!r} cannot be run: {option.preview}"
            # What was read a moment ago may be offered otherwise by now; then it is read again.
            return Kube(self.kube.cluster, diagnosis.metadata.namespace).refusal(diagnosis, option)

        self._until(approved, 30)

    def _prove(self) -> None:
        for check in self.fault.case.proof:
            self._until(lambda check=check: self._disproved(check), PROOF)  # type: ignore[misc]

    def _disproved(self, check: str | Check) -> str | None:
        command = check.run if isinstance(check, Check) else check
        code, out = self._try(command)
        if code != 0:
            return f"proof `{command}` failed: {out}"
        if isinstance(check, Check) and out != check.prints:
            return f"proof `{command}` printed {out!r}, not {check.prints!r}"
        return None

    def _do(self, command: str) -> None:
        code, out = self._try(command)
        if code != 0:
            raise FaultError(f"`{command}` failed: {out}")

    def _try(self, command: str) -> tuple[int, str]:
        """Run one command of a case; returns its exit code and what it printed."""
        words = shlex.split(command)
        if words[0] == "sleep":
            time.sleep(float(words[1]))
            return 0, ""
        cluster = self.kube.cluster
        if words[0] == "cluster":
            argv = [*_CLUSTER_TOOL, *words[1:]]
        else:
            argv = [str(cluster.kubectl), "--kubeconfig", str(cluster.kubeconfig),
                    "-n", self.kube.namespace, *words]  # fmt: skip
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=180)
        except subprocess.TimeoutExpired:
            return 1, "did not end within 180s"
        return done.returncode, (done.stderr if done.returncode else done.stdout).strip()

    def _until(self, lack: Callable[[], str | None], patience: float) -> None:
        end = time.monotonic() + patience
        while (missing := lack()) is not None:
            if time.monotonic() > end:
                raise FaultError(f"after {patience:.0f}s: {missing}")
            time.sleep(1)

    def _clean_up(self) -> None:
        for command in self.fault.case.cleanup:
            self._try(command)
        if not self.fault.case.serial:
            return  # all of it goes with the namespace
        for manifest in reversed(self.fault.manifests):
            wide = [o for o in manifest.objects() if o["kind"] in CLUSTER_SCOPED]
            if wide:
                self.kube("delete", "--ignore-not-found", "--timeout=60s", "-f", "-",
                          stdin=yaml.safe_dump_all(wide), check=False)  # fmt: skip


def meaningless_name() -> str:
    """Return a name for a case's namespace in which no `says` or `never_says` can occur by chance.

    Messages name the namespace: one made of the case's name would say the cause by itself.
    """
    letters, digits = "bcdfghjkmnpqrstvwxz", "23456789"
    return "t-" + "".join(secrets.choice(letters) + secrets.choice(digits) for _ in range(4))


def control(healthy: Kube) -> None:
    """See that Podiatrist speaks up at all: a dead operator is silent about everything.

    In a namespace beside the case's, so that no quota or policy of the case is in the way.
    Raises AssertionError.
    """
    kube = Kube(healthy.cluster, f"{healthy.namespace}-sick")
    kube.admin("create", "namespace", kube.namespace)
    try:
        kube("wait", "--for=create", "--timeout=60s", "serviceaccount/default")
        kube.apply(_sick_pod(kube))
        until(lambda: (bool(kube.diagnoses()), "silence"), "Diagnosis of a sick pod", CONTROL)
    finally:
        kube.admin("delete", "namespace", kube.namespace, "--wait=false")


def _sick_pod(kube: Kube) -> Object:
    """Return a pod that is sick at once: its image's name is invalid, or there is no node."""
    spec: Object = {"containers": [{"name": "app", "image": "INVALID"}]}
    if kube.cluster.containers:
        # Past the scheduler: the case may have cordoned the node.
        spec["nodeName"] = kube.all("nodes")[0]["metadata"]["name"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "control"}, "spec": spec}


def _why(diagnosis: Diagnosis) -> str:
    for kind in ("Verified", "Executed", "Approved", "Diagnosed"):
        found = condition(diagnosis.status, kind)
        if found is not None:
            return found.message
    return "no condition says why"
