"""A model beside the rules: its part joins theirs, and whatever it does, a Diagnosis settles.

The operator is a process with a real endpoint, which plays a script; kubectl and the cluster are
real. Which script a request gets is told by the name of the sick Deployment in its prompt.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import AGENT, Diagnosis
from tests.e2e.kube import Kube, deployment, until
from tests.fakemodel import (
    Asked,
    FakeModel,
    Play,
    broken_json,
    call,
    calls,
    empty,
    hang,
    no_choices,
    nothing_listens,
    refusal,
    say,
    status,
    too_long,
    unpriced,
    web_page,
)
from tests.harness.install import identity
from tests.harness.processes import Podiatrist, Role
from tests.harness.settings import SHORTENED

pytestmark = [pytest.mark.serial, pytest.mark.containers]

GOOD = "registry.k8s.io/pause:3.9"
"""An image that the node has."""

ASKED = {
    "PODIATRIST_MODEL": "scripted",
    "PODIATRIST_MODEL_TOOLS": "native",
    "PODIATRIST_MODEL_TIMEOUT": "4",
    "PODIATRIST_PRICE_PROMPT": "1000",
    "PODIATRIST_CONSULT_SECONDS": "8",
    "PODIATRIST_CONSULT_TOKENS": "30000",
    "PODIATRIST_CONSULT_SIDE_BY_SIDE": "6",
}

Consulting = Callable[..., Role]


@pytest.fixture
def consulting(podiatrist: Podiatrist, kube: Kube, tmp_path: Path) -> Iterator[Consulting]:
    """Start an operator that has a model, in place of the one that has none."""
    started: list[Role] = []

    def start(url: str, **settings: str) -> Role:
        podiatrist.operator.stop()
        told = {"PODIATRIST_MODEL_URL": url, "PODIATRIST_KUBECTL": str(kube.cluster.kubectl)}
        role = Role(
            "operator",
            identity(kube.cluster, "operator", tmp_path),
            tmp_path / "operator.log",
            {**SHORTENED, **ASKED, **told, **settings},
        )
        role.start()
        started.append(role)
        return role

    yield start
    for role in started:
        role.stop()
    podiatrist.operator.start()


def settled(kube: Kube, target: str = "web", patience: float = 90) -> Diagnosis:
    """Return the Diagnosis of a target once it says what came of asking a model."""

    def look() -> tuple[bool, list[Diagnosis]]:
        found = [d for d in kube.diagnoses() if d.spec.target.name == target]
        facts = [condition(d.status, "Consulted") for d in found]
        done = any(fact is not None and fact.status != "Unknown" for fact in facts)
        tried = all(o.preview for d in found for o in d.status.options)
        return done and tried, found

    (found,) = until(look, f"settled consultation of {target}", patience)
    return found


def outcome(diagnosis: Diagnosis) -> tuple[str, str]:
    fact = condition(diagnosis.status, "Consulted")
    assert fact is not None
    return fact.status, fact.reason


def last_seen(asked: Asked) -> str:
    """Return what a tool said last."""
    return next((m["content"] for m in reversed(asked["messages"]) if m["role"] == "tool"), "")


def report(quote: str, *actions: dict[str, Any], reason: str = "ImageMistyped") -> Play:
    claim = {"reason": reason, "message": "The image is mistyped.", "quotes": [quote]}
    suggested = [{"why": "That image exists.", "actions": list(actions)}] if actions else []
    return call("report", claims=[claim], suggestions=suggested)


def wise(kube: Kube, *actions: dict[str, Any]) -> Callable[[Asked], Play]:
    """A model that looks at the events, quotes one, and suggests something."""

    def script(asked: Asked) -> Play:
        lines = [line.strip() for line in last_seen(asked).splitlines() if "not found" in line]
        if not lines:
            return call("kubectl", command=f"get events -n {kube.namespace} -o wide")
        # to the end of the row: what stands in no other observation
        return report(lines[0][lines[0].index("not found") :], *actions)

    return script


SET_IMAGE = {"type": "SetImage", "container": "app", "image": "nginx:1.22"}
"""Not what the rules offer, which is the newest nginx; the test registry has both."""


def test_the_models_finding_and_option_join_the_rules_and_heal(
    kube: Kube, consulting: Consulting
) -> None:
    with FakeModel(wise(kube, SET_IMAGE)) as fake:
        consulting(fake.url)
        kube.apply(deployment(image="ngnix"))

        found = settled(kube)

        assert outcome(found) == ("True", "ModelAnswered")
        assert found.status.state == "AwaitingApproval"
        assert [f.reason for f in found.status.findings] == ["ImageNotFound", "ImageMistyped"]
        claim = found.status.findings[1]
        assert claim.analyzer == AGENT
        assert "not found" in claim.evidence[0].quote
        assert claim.evidence[0].source.startswith("kubectl get events")
        rule, agent = found.status.options
        assert (rule.suggested_by, agent.suggested_by) == ("rules", "agent")
        assert "+      - image: nginx:1.22" in agent.diff
        assert agent.risk == "High"
        usage = found.status.usage
        assert usage is not None
        assert (usage.model, usage.calls, usage.reserved_tokens) == ("scripted", 2, 0)
        assert usage.prompt_tokens > 0
        assert usage.cost is not None

        kube.approve(found, agent)

        kube.wait_for_diagnosis("Succeeded")
        assert kube.get("deployment", "web")["status"]["availableReplicas"] == 1
        assert len(kube.diagnoses()) == 1


def test_what_nobody_saw_and_what_is_out_of_scope_is_dropped(
    kube: Kube, consulting: Consulting
) -> None:
    label = {"type": "LabelNode", "node": "node1", "key": "mine", "value": "true"}

    def script(asked: Asked) -> Play:
        if "liar" in asked["messages"][1]["content"]:
            return report("the moon is made of green cheese", SET_IMAGE)
        return wise(kube, label)(asked)

    with FakeModel(script) as fake:
        consulting(fake.url)
        kube.apply(deployment("liar", image="ngnix"))
        liar = settled(kube, "liar")
        kube("delete", "deployment", "liar")
        kube.apply(deployment("greedy", image="ngnix"))
        greedy = settled(kube, "greedy")

    assert outcome(liar) == ("False", "NothingUsable")
    assert [f.reason for f in liar.status.findings] == ["ImageNotFound"]
    assert [o.suggested_by for o in liar.status.options] == ["rules"]
    assert outcome(greedy) == ("True", "ModelAnswered")
    assert [f.reason for f in greedy.status.findings] == ["ImageNotFound", "ImageMistyped"]
    assert [o.suggested_by for o in greedy.status.options] == ["rules"]


FAILURES: dict[str, Play] = {
    "hangs": hang,
    "unauthorized": status(401, "wrong key"),
    "unknown": status(404, "no such model"),
    "busy": status(429, "slow down", headers={"Retry-After": "86400"}),
    "broken": status(500, "oh no"),
    "page": web_page,
    "half": broken_json,
    "none": no_choices,
    "empty": empty(),
    "refuses": refusal(),
    "long": too_long(),
    "chatty": say("All is well, I am sure of it."),
    "cut": say("The cause of this is", finish="length"),
    "swarm": calls(*[("kubectl", json.dumps({"command": "get pods"}))] * 500),
    "parrot": call("kubectl", command="get pods"),
    "stranger": call("launch_rockets", when="now"),
    "typist": calls(("kubectl", '{"command": ')),
    "mute": unpriced(call("kubectl", command="get nodes")),
}


def test_however_a_model_fails_the_diagnosis_settles_with_what_the_rules_found(
    kube: Kube, consulting: Consulting
) -> None:
    """Eighteen sick Deployments, each with a model that fails in its own way."""

    def script(asked: Asked) -> Play:
        told = json.dumps(asked["messages"])
        return next(play for name, play in FAILURES.items() if f"sick-{name}" in told)

    with FakeModel(script) as fake:
        operator = consulting(fake.url)
        kube.apply(*[deployment(f"sick-{name}", image="ngnix") for name in FAILURES])
        found = {name: settled(kube, f"sick-{name}", patience=240) for name in FAILURES}
        asked = len(fake.requests)
        assert operator.starts == 1, "it crashed"
        assert asked < 12 * len(FAILURES)

        for name, diagnosis in found.items():
            value, reason = outcome(diagnosis)
            assert (name, value) == (name, "False")
            assert reason in ("ModelFailed", "NothingUsable", "BudgetSpent"), name
            fact = condition(diagnosis.status, "Consulted")
            assert fact is not None
            assert fact.message, name
            assert [f.reason for f in diagnosis.status.findings] == ["ImageNotFound"], name
            assert diagnosis.status.state == "AwaitingApproval", name
            usage = diagnosis.status.usage
            assert usage is not None
            assert usage.spent_tokens <= 30_000, name

        time.sleep(6)  # some rechecks later
        again = {d.spec.target.name: d for d in kube.diagnoses()}
        assert len(again) == len(FAILURES)
        assert len(fake.requests) == asked, "it asked again"


def test_an_endpoint_that_is_not_there_costs_nothing(kube: Kube, consulting: Consulting) -> None:
    consulting(nothing_listens())
    kube.apply(deployment(image="ngnix"))
    found = settled(kube)
    assert outcome(found) == ("False", "ModelFailed")
    assert found.status.state == "AwaitingApproval"


def test_without_tokens_for_today_nobody_is_asked(kube: Kube, consulting: Consulting) -> None:
    with FakeModel(wise(kube)) as fake:
        consulting(fake.url, PODIATRIST_TOKENS_PER_DAY="0")
        kube.apply(deployment(image="ngnix"))
        found = settled(kube)
        assert outcome(found) == ("False", "BudgetSpent")
        assert fake.requests == []


def test_without_kubectl_the_rules_work_alone_and_it_is_said(
    kube: Kube, consulting: Consulting
) -> None:
    with FakeModel(wise(kube)) as fake:
        operator = consulting(fake.url, PODIATRIST_KUBECTL="/no/such/kubectl")
        kube.apply(deployment(image="ngnix"))
        found = settled(kube)
        assert outcome(found) == ("False", "NoModel")
        assert fake.requests == []
        assert "PODIATRIST_KUBECTL" in operator.log.read_text()


def test_a_consultation_that_was_killed_settles_and_counts_as_spent(
    kube: Kube, consulting: Consulting
) -> None:
    with FakeModel([hang]) as fake:
        operator = consulting(fake.url, PODIATRIST_MODEL_TIMEOUT="60")
        kube.apply(deployment(image="ngnix"))

        def begun() -> tuple[bool, int]:
            return len(fake.requests) > 0, len(fake.requests)

        until(begun, "request to the model")
        day = spent_today(kube)
        fake.script = wise(kube, SET_IMAGE)
        before = len(fake.requests)

        operator.kill()

        found = settled(kube)
        assert operator.starts == 2
        assert outcome(found) == ("False", "BudgetSpent")
        assert found.status.state == "AwaitingApproval"
        assert [f.reason for f in found.status.findings] == ["ImageNotFound"]
        usage = found.status.usage
        assert usage is not None
        assert usage.reserved_tokens == 30_000
        assert len(fake.requests) == before
        assert spent_today(kube) >= day >= 30_000


def spent_today(kube: Kube) -> int:
    """Return what the day's budget says of its newest day."""
    raw = json.loads(kube.admin("-n", "podiatrist", "get", "configmap", "budget", "-o", "json"))
    days: dict[str, str] = raw["data"]
    return int(days[max(days)])


def asking(question: str) -> dict[str, Any]:
    return {
        "apiVersion": "podiatrist.dev/v1alpha1",
        "kind": "Diagnosis",
        "metadata": {"name": "mine"},
        "spec": {
            "target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "question": question,
        },
    }


def curious(kube: Kube, image: str, *actions: dict[str, Any]) -> Callable[[Asked], Play]:
    """A model that looks at the Deployment, quotes its image, and suggests something."""

    def script(asked: Asked) -> Play:
        line = next((x for x in last_seen(asked).splitlines() if image in x), None)
        if line is None:
            return call("kubectl", command=f"get deployment web -n {kube.namespace} -o wide")
        return report(line.strip(), *actions, reason="OldImage")

    return script


def test_a_question_about_a_healthy_workload_is_answered(
    kube: Kube, consulting: Consulting
) -> None:
    with FakeModel(curious(kube, GOOD)) as fake:
        consulting(fake.url)
        kube.apply(deployment(image=GOOD))
        kube("rollout", "status", "deployment/web", "--timeout=60s")
        kube.apply(asking("is the image a recent one?"))
        found = kube.wait_for_diagnosis("Resolved")
        assert outcome(found) == ("True", "ModelAnswered")
        assert [f.reason for f in found.status.findings] == ["OldImage"]
        assert found.status.summary == "The image is mistyped."


def test_an_answer_with_a_fix_can_be_approved_although_the_rules_find_nothing(
    kube: Kube, consulting: Consulting
) -> None:
    with FakeModel(curious(kube, "nginx", SET_IMAGE)) as fake:
        consulting(fake.url)
        kube.apply(deployment(image="nginx"))
        kube("rollout", "status", "deployment/web", "--timeout=60s")
        kube.apply(asking("should the image be pinned?"))
        found = kube.wait_for_diagnosis("AwaitingApproval")
        (option,) = found.status.options
        kube.approve(found, option)
        kube.wait_for_diagnosis("Succeeded")
        containers = kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"]
        assert containers[0]["image"] == "nginx:1.22"
