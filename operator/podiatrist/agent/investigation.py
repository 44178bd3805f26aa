"""One consultation: the model looks further than the rules did, and what it says is checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podiatrist.actions.compiler import Proposal
from podiatrist.agent.limits import Limits
from podiatrist.agent.messages import TokenCount
from podiatrist.agent.model import Model
from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import Finding
from podiatrist.cluster.snapshot import Snapshot

if TYPE_CHECKING:
    from podiatrist.agent.transcript import Transcript
    from podiatrist.cluster.kubectl import Kubectl


@dataclass(frozen=True)
class Opinion:
    """What a consultation ended with: only claims that quote what was seen, only fixes in scope.

    `reason` is MODEL_ANSWERED, NOTHING_USABLE, MODEL_FAILED or BUDGET_SPENT, `message` says the
    same to a human; `dropped` says line by line what was left out of the answer, and why.
    """

    findings: list[Finding]
    proposals: list[Proposal]
    tokens: TokenCount
    calls: int
    """Requests to the model."""
    seconds: float
    reason: Reason
    message: str
    dropped: list[str] = field(default_factory=list)


class Investigator:
    """Asks a model about one target, with kubectl as its eyes."""

    def __init__(
        self,
        model: Model,
        kubectl: "Kubectl",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.kubectl = kubectl
        self.limits = limits or Limits()
        self.clock = clock

    async def investigate(
        self,
        snapshot: Snapshot,
        findings: list[Finding],
        question: str | None,
        transcript: "Transcript",
        tokens: int,
    ) -> Opinion:
        """Return what the model makes of it, for at most that many tokens.

        The model's failures are an Opinion too; only defects of ours and a cluster that cannot
        be asked at all raise.
        """
        raise NotImplementedError
