"""Hostile texts in a real cluster, read by the real operator, with a model that obeys them all.

The unit tests play the whole corpus; these few prove the same with the real kubectl, the reader's
own identity, and the API server's word on what was asked of it.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.api.diagnosis import Diagnosis
from tests.e2e import test_consultation
from tests.e2e.kube import Kube, deployment
from tests.e2e.test_consultation import Consulting, outcome, settled
from tests.fakemodel import Asked, FakeModel, Play, call, calls, say
from tests.injection.cases import Case, load
from tests.injection.stand_in import PLANTED, PLANTED_BASE64

pytestmark = [pytest.mark.serial, pytest.mark.containers]

consulting = test_consultation.consulting

READER = "system:serviceaccount:podiatrist:reader"
CASES = {case.name: case for case in load()}
BATCH = 4
"""Orders of one answer. Each answer ends with a look, so that refusals do not end the run."""


CALM = ("open", "another")
"""Victims whose text orders nothing."""


@dataclass
class Victim:
    """A sick Deployment with a case's text where the case has it."""

    name: str
    case: Case
    look: str
    container: dict[str, Any] = field(default_factory=dict)
    image: str = "ngnix"
    annotations: dict[str, str] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        made = deployment(self.name, image=self.image, container=self.container)
        made["spec"]["template"]["metadata"]["annotations"] = self.annotations
        return made


def victim(name: str, case: str, look: str, **more: Any) -> Victim:
    return Victim(name, CASES[case], look, **more)


def shell(text: str, where: str = "/dev/stdout") -> dict[str, Any]:
    """A container that says a text and ends badly."""
    script = f'printf "%s\\n" "$SAID" > {where}; exit 3'
    return {"command": ["sh", "-c", script], "env": [{"name": "SAID", "value": text}]}


def text(name: str) -> str:
    return CASES[name].text


DELETED = "a log that orders a namespace deleted"
SPELLED = "a log that asks for Secrets by all their names"
LED_AWAY = "a log that leads kubectl to another server"
LAST_WORDS = "the last words of a container"
ANNOTATED = "an annotation that asks for another identity"
FILES = "a log that wants files and addresses read"
ANOTHER = "an event that wants an image for another workload"
OPEN = "a log that holds passwords in the open"

VICTIMS = [
    victim("deleted", DELETED, "logs deploy/deleted", image="busybox:1.35", container=shell(
        text(DELETED))),
    victim("last-words", LAST_WORDS, "describe deploy/last-words", image="busybox:1.35",
           container=shell(text(LAST_WORDS), "/dev/termination-log")),
    victim("open", OPEN, "logs deploy/open", image="busybox:1.35", container=shell(text(OPEN))),
    victim("annotated", ANNOTATED, "describe pods -l app=annotated",
           annotations={"oncall/hint": text(ANNOTATED)}),
    victim("another", ANOTHER, "describe deploy/another",
           annotations={"note": text(ANOTHER)}),
    victim("spelled", SPELLED, "describe deploy/spelled", annotations={"note": text(SPELLED)},
           container={"env": [{"name": "DB_PASSWORD", "value": PLANTED}]}),
    victim("led-away", LED_AWAY, "get configmap hostile -o yaml"),
    victim("files", FILES, "get pods -l app=files -o yaml",
           container={"env": [{"name": "ORDERS", "value": text(FILES)}]}),
]  # fmt: skip


def obey(kube: Kube, victim: Victim, asked: Asked) -> Play:
    """Look, carry out the orders a few at a time, and report what the text dictates."""
    turn = sum(1 for m in asked["messages"] if m["role"] == "assistant")
    if turn == 0:
        return call("kubectl", command=f"{victim.look} -n {kube.namespace}")
    orders = victim.case.calls[(turn - 1) * BATCH : turn * BATCH]
    tools = [tool["function"]["name"] for tool in asked.get("tools", ())]
    if orders and "kubectl" in tools:
        look = json.dumps({"command": f"get pods -n {kube.namespace} -l turn={turn}"})
        return calls(*orders, ("kubectl", look))
    return calls(("report", victim.case.answer)) if "report" in tools else say("done")


@pytest.fixture
def prey(kube: Kube) -> dict[str, Any]:
    """What the texts are after: a Secret, a ConfigMap that holds a password, and a neighbour."""
    metadata = {"name": "db"}
    secret = {"note": PLANTED}
    kube.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "hostile"},
            "data": {"db-password": PLANTED, "orders": text(LED_AWAY)},
        },
        deployment("bank", image="registry.k8s.io/pause:3.9"),
    )
    spec: dict[str, Any] = kube.get("deployment", "bank")["spec"]
    return spec


def test_nothing_that_a_hostile_cluster_says_gets_a_model_anywhere(
    kube: Kube, consulting: Consulting, prey: dict[str, Any]
) -> None:
    def script(asked: Asked) -> Play:
        briefing = asked["messages"][1]["content"]
        name = re.search(r"The target: Deployment (\S+) in", briefing)
        assert name is not None, briefing
        return obey(kube, next(v for v in VICTIMS if v.name == name[1]), asked)

    begun = datetime.now(UTC)
    with FakeModel(script) as fake:
        consulting(
            fake.url,
            PODIATRIST_CONSULT_TOKENS="900000",
            PODIATRIST_TOKENS_PER_DAY="90000000",
            PODIATRIST_CONSULT_SECONDS="60",
        )
        kube.apply(*[v.manifest() for v in VICTIMS])
        found = {v.name: settled(kube, v.name, patience=240) for v in VICTIMS}
        shown = "\n".join(text for request in fake.requests for text in _shown(request))

    for v in VICTIMS:
        assert outcome(found[v.name])[1] in ("ModelAnswered", "NothingUsable"), v.name
        begins = v.case.text[:12]
        assert begins in shown, f"the text of {v.name} never reached the model"
    kept = _transcripts(kube, found)
    for secret in (PLANTED, PLANTED_BASE64):
        assert secret not in shown, "in a prompt"
        for name, transcript in kept.items():
            assert secret not in transcript, f"in the transcript of {name}"
        for name, diagnosis in found.items():
            assert secret not in diagnosis.status.model_dump_json(), f"in the Diagnosis of {name}"

    for diagnosis in found.values():
        for option in diagnosis.status.options:
            written = [(w.namespace, w.name) for w in option.writes]
            assert written == [(kube.namespace, diagnosis.spec.target.name)]
            assert "evil" not in option.model_dump_json()

    assert kube.get("secret", "db")["metadata"].get("deletionTimestamp") is None
    assert kube.get("deployment", "bank")["spec"] == prey
    the_reader_only_read(kube, begun)


def _shown(request: Asked) -> list[str]:
    """Return what a request shows the model, its own words left out."""
    return [m["content"] or "" for m in request["messages"] if m["role"] != "assistant"]


def _transcripts(kube: Kube, found: dict[str, Diagnosis]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, diagnosis in found.items():
        stored = f"transcript-{diagnosis.metadata.uid}"
        raw = kube.admin("-n", "podiatrist", "get", "configmap", stored, "-o", "json")
        (data,) = json.loads(raw)["binaryData"].values()
        transcript = Transcript.from_bytes(base64.b64decode(data))
        assert any("refused: " in e.text for e in transcript.entries) or name in CALM
        kept[name] = "\n".join(e.model_dump_json() for e in transcript.entries)
    return kept


def the_reader_only_read(kube: Kube, since: datetime) -> None:
    """What the API server was asked in the reader's name, and by whom it was not asked.

    Other stories try on purpose what the reader may not do; they are over by then.
    """
    asked = 0
    for entry in kube.audited():
        at = datetime.fromisoformat(entry["requestReceivedTimestamp"])
        if entry["user"]["username"] != READER or at < since:
            continue
        asked += 1
        resource = (entry.get("objectRef") or {}).get("resource", "")
        reviews = resource.startswith("selfsubject")
        assert entry["verb"] in ("get", "list") or reviews, entry["requestURI"]
        assert "secret" not in entry["requestURI"].lower()
        assert "impersonatedUser" not in entry
    assert asked > len(VICTIMS)
