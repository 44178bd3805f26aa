"""The agents that are compared. Each gets the same model, limits and cluster."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from podiatrist.agent.consultation.investigation import Investigator
from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.agent.limits import Limits, Meter
from podiatrist.agent.model import Model
from podiatrist.agent.tool import Tool
from podiatrist.analyzers import analyze
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.kubectl import Kubectl
from tests.eval.bare_loop import bare_loop
from tests.eval.stage import Scene

LIMITS = Limits(steps=8, tokens=30_000, seconds=900.0, answer=600)
"""For all alike. Time is so long that only a machine that is busy otherwise reaches its end."""


@dataclass(frozen=True)
class Answer:
    """What an agent said in the end, and what that cost."""

    text: str
    """What a reader is shown as the cause; the quotes that prove it are left out."""
    tokens: int
    steps: int
    outcome: str = ""
    """How the run ended, in one line."""


@dataclass(frozen=True)
class Means:
    """What an agent works with; recorded or replayed, it cannot tell."""

    model: Model
    kubectl: Kubectl
    bare_kubectl: Tool
    clock: Callable[[], float]


class Way(Protocol):
    """One of the agents."""

    def __call__(self, scene: Scene, means: Means) -> Awaitable[Answer]:
        """Return what it makes of a fault."""


async def bare(scene: Scene, means: Means) -> Answer:
    """The bare loop."""
    meter = Meter(LIMITS, means.clock)
    text = await bare_loop(means.model, means.bare_kubectl, scene.question, meter)
    return Answer(text, meter.tokens.total, meter.steps, "" if text else "no answer")


async def alone(scene: Scene, means: Means) -> Answer:
    """Ours, with nothing from the rules: what the model claims and can prove."""
    return await _ours(scene, means, [])


async def ours(scene: Scene, means: Means) -> Answer:
    """Ours as it is: what a Diagnosis says, the rules' findings and then the model's claims."""
    return await _ours(scene, means, [result.finding for result in analyze(scene.snapshot)])


async def _ours(scene: Scene, means: Means, findings: list[Finding]) -> Answer:
    investigator = Investigator(means.model, means.kubectl, LIMITS, means.clock)
    transcript = Transcript(means.model.name, clock=means.clock)
    opinion = await investigator.investigate(
        scene.snapshot, findings, None, transcript, LIMITS.tokens
    )
    outcome = f"{opinion.reason}: {opinion.message}"
    return Answer(
        told([*findings, *opinion.findings]), opinion.tokens.total, opinion.calls, outcome
    )


def told(findings: Sequence[Finding]) -> str:
    """Return what findings say, without the quotes that prove it."""
    return "\n".join(f"{finding.reason}: {finding.message}" for finding in findings)


WAYS: dict[str, Way] = {"bare": bare, "alone": alone, "ours": ours}

TITLES = {
    "bare": "bare loop",
    "alone": "ours, without the rules",
    "ours": "ours, with the rules",
}
