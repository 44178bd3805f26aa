"""What the attacks find: some sick Deployments, their Diagnoses at different points of the path.

All of them are paused, so that nothing moves while they are attacked: what an attack changes, an
attack has changed.
"""

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from tests.attacks.people import People
from tests.e2e.kube import Kube, Object, deployment

NOT_RUNNABLE, UNTRIED, WIDE, SUPERSEDED = "1" * 8, "2" * 8, "3" * 8, "4" * 8
SICK = ("web", "api", "busy", "done", "aged", "helped", "wiped", "forged", "shown")

APPROVED = {"busy": "Executing", "done": "Failed", "aged": "Failed", "helped": "Succeeded"}
"""Those that were approved, and what became of it."""

_TOLD = {
    "Executing": [("Executed", "Unknown", "Started")],
    "Failed": [("Executed", "False", "PatchRefused")],
    "Succeeded": [("Executed", "True", "PatchesApplied"), ("Verified", "True", "ChecksPassed")],
}


@dataclass(frozen=True)
class Scene:
    """A prepared namespace; `words` is what stands for what in the tables."""

    kube: Kube
    people: People
    words: dict[str, str]
    specs: dict[str, Object]

    def untouched(self) -> bool:
        """Say whether no Deployment has changed."""
        return specs(self.kube) == self.specs


def specs(kube: Kube) -> dict[str, Object]:
    """Return the spec of every Deployment."""
    return {raw["metadata"]["name"]: raw["spec"] for raw in kube.all("deployments")}


def prepare(kube: Kube, people: People) -> Scene:
    """Make the scene. `web` waits for an approval, `busy` has one, `done` had one.

    `done` came to nothing, as `aged` did, and `helped` healed; `wiped` waits without managedFields.
    """
    kube.apply(*(deployment(name, image="ngnix") for name in SICK))
    found = {name: _paused(kube, name) for name in SICK}
    digests = {name: d.status.options[0].digest for name, d in found.items()}
    as_executor = _Pen(people)
    as_executor.write(found["web"], _more_options)
    as_executor.write(found["api"], lambda status: status["options"].append(status["options"][0]))
    for name, state in APPROVED.items():
        yes = f"{names.APPROVE}={digests[name]}"
        said = people.kubectl("approver", "annotate", "diagnosis", found[name].metadata.name, yes)
        assert said.returncode == 0, said.stderr
        as_executor.write(found[name], _approved(people, digests[name], state))
    wipe(people, found["wiped"].metadata.name)
    dns = kube.admin("-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns", "-o", "name")
    off = Kube(kube.cluster, f"{kube.namespace}-other")
    off.apply(deployment("still", replicas=0))
    kube.admin("label", "namespace", off.namespace, f"{names.EXECUTION}=off")
    node = kube.admin("get", "nodes", "-o", "name").split()[0].removeprefix("node/")
    words = {
        **{name: d.metadata.name for name, d in found.items()},
        **{f"{name}_digest": digest for name, digest in digests.items()},
        "digest": digests["web"],
        "upper": f"{digests['web']}A".upper(),
        "namespace": kube.namespace,
        "off": off.namespace,
        "dns": dns.split()[0].removeprefix("pod/"),
        "node": node,
        "now": now(),
        **{who.replace("-", "_"): people.name(who) for who in ("editor", "approver", "viewer")},
    }
    return Scene(kube, people, words, specs(kube))


def now() -> str:
    """Return the time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _paused(kube: Kube, name: str) -> Diagnosis:
    found = kube.wait_for_diagnosis("AwaitingApproval", target=name)
    kube.annotate(found, names.PAUSE, "true")
    return kube.diagnosis(found.metadata.name)


class _Pen:
    """Writes statuses as the executor, who may."""

    def __init__(self, people: People) -> None:
        self._people = people

    def write(self, found: Diagnosis, change: Any) -> None:
        """Change a stored status."""
        for _ in range(20):
            stored = self._people.kube.get("diagnosis", found.metadata.name)
            change(stored["status"])
            said = send(self._people, "executor", stored, "--subresource=status")
            if said.returncode == 0:
                return
        raise AssertionError(said.stderr)


def send(people: People, who: str, stored: Object, *options: str) -> Any:
    """Send a whole Diagnosis with `kubectl replace`."""
    return people.kubectl(who, "replace", *options, "-f", "-", stdin=json.dumps(stored))


def wipe(people: People, name: str) -> None:
    """Empty managedFields, as who may edit a Diagnosis can."""
    wiped = '{"metadata":{"managedFields":[{}]}}'
    said = people.kubectl("editor", "patch", "diagnosis", name, "--type=merge", "-p", wiped)
    assert said.returncode == 0, said.stderr


def _more_options(status: Object) -> None:
    real = status["options"][0]
    status["options"] = [
        real,
        _like(real, NOT_RUNNABLE, preview={"ok": False, "message": "a quota is full"}),
        _like(real, UNTRIED, preview=None),
        _like(real, WIDE, writes=_eight_writes(real["writes"][0])),
    ]
    status["superseded"] = [SUPERSEDED]


def _like(option: Object, digest: str, **other: Any) -> Object:
    made = deepcopy(option) | {"digest": digest} | other
    return {key: value for key, value in made.items() if value is not None}


def _eight_writes(write: Object) -> list[Object]:
    """Seven writes that the approver could make himself, and one to a node."""
    node = {"verb": "patch", "group": "", "resource": "nodes", "namespace": "", "name": "node1"}
    return [{**write, "name": f"web-{i}"} for i in range(7)] + [node]


def _approved(people: People, digest: str, state: str) -> Any:
    def change(status: Object) -> None:
        status["approval"] = {"by": people.name("approver"), "digest": digest, "at": now()}
        status["conditions"] += [
            _condition("Approved", "True", "DigestMatched"),
            *(_condition(*told) for told in _TOLD[state]),
        ]
        status["state"] = state

    return change


def _condition(kind: str, value: str, reason: str) -> Object:
    return {"type": kind, "status": value, "reason": reason, "message": "",
            "lastTransitionTime": now()}  # fmt: skip
