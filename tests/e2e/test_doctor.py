"""`podiatrist doctor` on a real cluster: it finds what is broken, and its remedies mend it.

Each case breaks the installation in one way, as an admin could by mistake, looks, and follows the
command that the doctor names, word for word, in a shell as a user would. Where a key would have to
be typed, or what stands in for our pods is broken, only the command's words are checked. A deleted
CustomResourceDefinition would take all Diagnoses with it: that one is in the unit tests.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from podiatrist.api.conditions import condition
from podiatrist.cluster.client import connect
from podiatrist.doctor.examine import examine
from podiatrist.doctor.read import read_installation
from podiatrist.doctor.shipped import shipped
from podiatrist.doctor.verdict import Level, Verdict
from tests.cluster import Cluster
from tests.e2e.kube import Kube, Object, deployment, until
from tests.fakemodel import FakeModel, status
from tests.harness.install import ROOT, identity, install
from tests.harness.processes import Podiatrist, Role
from tests.harness.settings import SHORTENED

pytestmark = [pytest.mark.serial, pytest.mark.containers]

ROLES = ("operator", "executor")
PAUSE = "registry.k8s.io/pause:3.9"
SAFE: Object = {
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"}},
}  # fmt: skip
CONFINED: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


class Clinic:
    """The installation, to be broken, looked at and mended."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.kube = Kube(cluster, "podiatrist")
        self.cluster = cluster
        self._standing_in: list[tuple[str, str]] = []
        (folder / "bin").mkdir()
        (folder / "bin" / "kubectl").symlink_to(cluster.kubectl)
        commands = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        self._shell = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig),
                       "PATH": os.pathsep.join(commands)}  # fmt: skip

    def stand_in(self) -> None:
        """Put simple Deployments and Leases where none are: ours run from the source here."""
        for role in ROLES:
            if self._is_missing("deployment", role):
                self.kube.apply(stand_in(role))
            if self._is_missing("lease", f"podiatrist-{role}"):
                self.renew(role, datetime.now(UTC))
        for role in ROLES:
            self.kube("rollout", "status", f"deployment/{role}", "--timeout=60s")

    def _is_missing(self, kind: str, name: str) -> bool:
        missing = "NotFound" in self.kube("get", kind, name, check=False)
        if missing:
            self._standing_in.append((kind, name))
        return missing

    def renew(self, role: str, at: datetime) -> None:
        """Write a role's Lease as if it had been renewed at that time."""
        spec = {"holderIdentity": f"{role}-1", "leaseDurationSeconds": 10,
                "renewTime": f"{at:%Y-%m-%dT%H:%M:%S}.000000Z"}  # fmt: skip
        self.kube.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                         "metadata": {"name": f"podiatrist-{role}"}, "spec": spec})  # fmt: skip

    def take_away(self) -> None:
        """Delete what stands in, and put the rest back as it was shipped."""
        for kind, name in self._standing_in:
            self.kube("delete", kind, name, "--ignore-not-found", "--wait=false")
        install(self.cluster)

    def complaints(self, *, renewing: bool = True) -> list[Verdict]:
        """Return what the doctor has to say beside that it is well."""
        for kind, name in self._standing_in if renewing else ():
            if kind == "lease":
                self.renew(name.removeprefix("podiatrist-"), datetime.now(UTC))
        return [v for v in asyncio.run(self._examine()) if v.level is not Level.OK]

    async def _examine(self) -> list[Verdict]:
        async with connect(self.cluster.kubeconfig, "podiatrist-cli") as client:
            return examine(await read_installation(client, "0.0.0", shipped()))

    def follow(self, remedy: str) -> None:
        """Type a remedy into a shell, where the checkout is."""
        done = subprocess.run(["bash", "-c", remedy], cwd=ROOT, env=self._shell, text=True,
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode == 0, (remedy, done.stderr)


def stand_in(role: str, image: str = PAUSE, container: Object | None = None) -> Object:
    confined = {"securityContext": CONFINED, **(container or {})}
    return deployment(role, image, container=confined, **SAFE)


@pytest.fixture(scope="module")
def clinic(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    clinic = Clinic(cluster, tmp_path_factory.mktemp("clinic"))
    clinic.stand_in()
    yield clinic
    clinic.take_away()


class Case(NamedTuple):
    """One way to break it. `words` are kubectl's; `seen` and `remedy` what the doctor says."""

    name: str
    words: str
    seen: str
    remedy: str
    stdin: Object | None = None
    level: Level = Level.BROKEN


BINDING = json.dumps({"spec": {"validationActions": ["Audit"]}})
SECRETS = json.dumps([{"op": "add", "path": "/rules/-", "value": {
    "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}}])  # fmt: skip
COLUMN = json.dumps([{"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns/3"}])

CASES = [
    Case(
        "the definition is of an older version",
        f"patch crd diagnoses.podiatrist.dev --type=json -p {COLUMN}",
        "additionalPrinterColumns",
        "podiatrist crd | kubectl apply -f -",
    ),
    Case(
        "a policy was deleted",
        "delete validatingadmissionpolicy podiatrist-executor",
        "ValidatingAdmissionPolicy podiatrist-executor is missing",
        "kubectl apply -f deploy/30-admission.yaml",
    ),
    Case(
        "the stamp was deleted",
        "delete mutatingadmissionpolicy podiatrist-stamp",
        "MutatingAdmissionPolicy podiatrist-stamp is missing",
        "kubectl apply -f deploy/31-stamp.yaml",
    ),
    Case(
        "a policy was set to audit only",
        f"patch validatingadmissionpolicybinding podiatrist-approval --type=merge -p {BINDING}",
        "validationActions is ['Audit']",
        "kubectl apply -f deploy/30-admission.yaml",
    ),
    Case(
        "a binding was removed",
        "delete clusterrolebinding podiatrist-executor-read",
        "ClusterRoleBinding podiatrist-executor-read is missing",
        "kubectl apply -f deploy/executor.yaml",
    ),
    Case(
        "the executor's role was widened",
        f"patch clusterrole podiatrist-executor --type=json -p {SECRETS}",
        "grants more than was shipped: get secrets",
        "kubectl apply -f deploy/executor.yaml",
    ),
    Case(
        "somebody helped the operator with a role",
        "create clusterrolebinding help --clusterrole=admin --serviceaccount=podiatrist:operator",
        "ClusterRole admin to ServiceAccount podiatrist/operator",
        "kubectl delete clusterrolebinding help",
    ),
    Case(
        "all our accounts were given a role through their group",
        "create rolebinding help -n default --role=x --group=system:serviceaccounts:podiatrist",
        "Role x to Group system:serviceaccounts:podiatrist",
        "kubectl -n default delete rolebinding help",
    ),
    Case(
        "an account was deleted",
        "-n podiatrist delete serviceaccount reader",
        "ServiceAccount reader is missing",
        "kubectl apply -f deploy/reader.yaml",
    ),
    Case(
        "pods are not held to Pod Security",
        "label namespace podiatrist pod-security.kubernetes.io/enforce-",
        "Pod Security restricted",
        "kubectl label --overwrite namespace podiatrist "
        "pod-security.kubernetes.io/enforce=restricted",
        level=Level.WARNING,
    ),
    Case(
        "a model is configured without its key",
        "apply -f -",
        "no Secret podiatrist-model",
        "create secret generic podiatrist-model --from-file=api-key=/dev/stdin",
        stdin={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "podiatrist", "namespace": "podiatrist"},
            "data": {"PODIATRIST_MODEL": "gpt"},
        },
        level=Level.WARNING,
    ),
    Case(
        "execution is switched off",
        "-n podiatrist create configmap executor --from-literal=execution=off",
        "switched off everywhere",
        "kubectl -n podiatrist delete configmap executor",
        level=Level.NOTE,
    ),
    Case(
        "the executor is scaled to 0",
        "-n podiatrist scale deployment executor --replicas=0",
        "the executor is scaled to 0",
        "kubectl -n podiatrist scale deployment executor --replicas=2",
        level=Level.NOTE,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_names_what_is_broken_and_the_command_mends_it(clinic: Clinic, case: Case) -> None:
    before = clinic.complaints()
    stdin = json.dumps(case.stdin) if case.stdin else None
    # no value here holds a blank that is not JSON's
    clinic.kube.admin(*words(case.words), stdin=stdin)
    try:
        (found,) = [v for v in clinic.complaints() if v not in before and case.seen in v.seen]
        assert found.level is case.level
        assert found.remedy is not None
        assert case.remedy in found.remedy
        if case.stdin is None:
            clinic.follow(found.remedy)
            until(lambda: (clinic.complaints() == before, clinic.complaints()), "recovery")
    finally:
        if case.stdin is not None:
            clinic.kube.admin("delete", "-f", "-", stdin=stdin)


def words(text: str) -> list[str]:
    """Return the words of a command; JSON at its end is one of them."""
    command, flag, document = text.partition(" -p ")
    return [*command.split(), *(["-p", document] if flag else [])]


def test_an_image_that_does_not_exist_is_named(clinic: Clinic) -> None:
    before = clinic.complaints()
    clinic.kube("set", "image", "deployment/executor", "*=example.org/nothing:1")
    found = until(lambda: seen(clinic, "image example.org/nothing:1 cannot be had"), "complaint")
    assert (found[0].check, found[0].level) == ("executor", Level.BROKEN)
    assert found[0].remedy == "kubectl apply -f deploy/executor.yaml"
    clinic.kube("rollout", "undo", "deployment/executor")
    until(lambda: (clinic.complaints() == before, clinic.complaints()), "recovery")


def test_a_crash_loop_is_told_with_the_last_words(clinic: Clinic) -> None:
    before = clinic.complaints()
    dies = {"command": ["sh", "-c", "echo starting; echo no such cluster; exit 1"]}
    clinic.kube.apply(stand_in("executor", "busybox:1.35", dies))
    found = until(lambda: seen(clinic, "its last words: no such cluster"), "complaint")
    assert (found[0].check, found[0].level) == ("executor", Level.BROKEN)
    clinic.kube("rollout", "undo", "deployment/executor")
    until(lambda: (clinic.complaints() == before, clinic.complaints()), "recovery")


def test_pods_that_pod_security_refuses_are_told_of(clinic: Clinic) -> None:
    before = clinic.complaints()
    clinic.kube.apply(stand_in("executor", container={"securityContext": {"privileged": True}}))
    found = until(lambda: seen(clinic, "violates PodSecurity"), "complaint")
    assert (found[0].check, found[0].level) == ("executor", Level.BROKEN)
    clinic.kube("rollout", "undo", "deployment/executor")
    until(lambda: (clinic.complaints() == before, clinic.complaints()), "recovery")


def test_a_leader_that_is_gone_is_told_of(clinic: Clinic, podiatrist: Podiatrist) -> None:
    podiatrist.executor.stop()
    try:
        clinic.renew("executor", datetime.now(UTC) - timedelta(minutes=2))
        said = [v for v in clinic.complaints(renewing=False) if v.check == "leaders"]
    finally:
        podiatrist.executor.start()
    assert [v.level for v in said] == [Level.BROKEN]
    assert "executor-1, who has not renewed it for 12" in said[0].seen
    assert said[0].remedy == "kubectl -n podiatrist rollout restart deployment/executor"


def seen(clinic: Clinic, text: str) -> tuple[bool, list[Verdict]]:
    """Whether the doctor says so, and where it does."""
    found = [verdict for verdict in clinic.complaints() if text in verdict.seen]
    return bool(found), found


def asked(kube: Kube) -> tuple[bool, list[object]]:
    facts = [condition(d.status, "Consulted") for d in kube.diagnoses()]
    return any(fact is not None and fact.status == "False" for fact in facts), list(facts)


def is_well(clinic: Clinic) -> tuple[bool, str]:
    """Whether the command finds nothing broken; what other tests left behind goes in seconds."""
    clinic.complaints()  # renews
    said = doctor(clinic.cluster.kubeconfig)
    return (said.returncode, said.stderr) == (0, ""), said.stdout + said.stderr


def doctor(config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "podiatrist", "doctor", "-o", "json"],
        env={**os.environ, "KUBECONFIG": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_exit_code_says_whether_something_is_broken(clinic: Clinic) -> None:
    until(lambda: is_well(clinic), "installation that is well")
    clinic.kube.admin("delete", "validatingadmissionpolicybinding", "podiatrist-switch")
    sick = doctor(clinic.cluster.kubeconfig)
    clinic.follow("kubectl apply -f deploy/30-admission.yaml")
    assert sick.returncode == 1
    (broken,) = [v for v in json.loads(sick.stdout) if v["level"] == "broken"]
    assert broken["remedy"] == "kubectl apply -f deploy/30-admission.yaml"


def test_who_may_not_look_is_told_so_and_not_that_it_is_broken(
    clinic: Clinic, cluster: Cluster, tmp_path: Path
) -> None:
    """The reader may look at workloads, but at no Role, no policy and no definition."""
    until(lambda: is_well(clinic), "installation that is well")
    said = doctor(identity(cluster, "reader", tmp_path))
    assert said.returncode == 0, said.stdout
    hidden = {v["seen"] for v in json.loads(said.stdout) if v["level"] == "unknown"}
    assert {
        "cannot tell: you may not get clusterroles.rbac.authorization.k8s.io",
        "cannot tell: you may not list clusterrolebindings.rbac.authorization.k8s.io",
        "cannot tell: you may not get customresourcedefinitions.apiextensions.k8s.io",
    } <= hidden


def test_an_endpoint_that_refuses_the_key_is_told_of(
    clinic: Clinic, kube: Kube, podiatrist: Podiatrist, tmp_path: Path
) -> None:
    with FakeModel([status(401, "Incorrect API key provided: sk-live")]) as fake:
        told = {"PODIATRIST_MODEL": "scripted", "PODIATRIST_MODEL_URL": fake.url,
                "PODIATRIST_MODEL_KEY": "sk-wrong",
                "PODIATRIST_KUBECTL": str(kube.cluster.kubectl)}  # fmt: skip
        role = Role("operator", identity(kube.cluster, "operator", tmp_path),
                    tmp_path / "operator.log", {**SHORTENED, **told})  # fmt: skip
        podiatrist.operator.stop()
        role.start()
        try:
            kube.apply(deployment(image="ngnix"))
            until(lambda: asked(kube), "consultation")
        finally:
            role.stop()
            podiatrist.operator.start()
    (found,) = [v for v in clinic.complaints() if v.check == "model"]
    assert found.level is Level.BROKEN
    assert f"failed for {kube.namespace}/web-" in found.seen
    assert "does not take the key (401)" in found.seen
    assert "sk-" not in found.seen
    assert "--from-file=api-key=/dev/stdin" in (found.remedy or "")
