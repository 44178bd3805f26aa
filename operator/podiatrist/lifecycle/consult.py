"""Step `consult`: ask a model what it makes of a sick workload, beside the rules.

What it may cost is written down before the first request goes out, and what it did cost after
the last one. Whoever is killed in between leaves the larger number standing: no restart spends
the same tokens twice.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from podiatrist.agent.investigation import Opinion
from podiatrist.agent.messages import TokenCount
from podiatrist.agent.transcript import Transcript
from podiatrist.api.conditions import (
    Reason,
    condition,
    drop_condition,
    has,
    set_condition,
)
from podiatrist.api.diagnosis import Diagnosis, Finding, Usage
from podiatrist.cluster.errors import ClusterError, NotFoundError, UnreachableError
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.agent_part import by_rules
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.investigate import is_as_observed
from podiatrist.lifecycle.join_opinion import Claim, Given, join_opinion
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.unasked import settle_unasked

log = logging.getLogger(__name__)

_LEAST = 2000
"""Tokens with which asking a model makes any sense."""

_LAST_WORDS = 3.0
"""Seconds for writing down that a consultation was cut off by our own end."""


class Consultant(Protocol):
    """Who is asked: a model that can look at the cluster."""

    @property
    def name(self) -> str:
        """The model's name."""

    async def prepare(self) -> None:
        """Get what looking takes. Raises ClusterError where that cannot be had."""

    async def ask(
        self,
        snapshot: Snapshot,
        findings: list[Finding],
        question: str | None,
        transcript: Transcript,
        tokens: int,
    ) -> Opinion:
        """Return what the model makes of it, for at most that many tokens."""

    def cost(self, usage: Usage) -> str | None:
        """Return what that is in money, None where no price is known."""


class Ledger(Protocol):
    """The day's budget."""

    refusal: str
    """Why the last reservation was refused."""

    async def reserve(self, tokens: int) -> bool:
        """Set tokens of today aside; False where they are not to be had."""

    async def settle(self, reserved: int, used: int) -> None:
        """Put back what was not used."""


class Transcripts(Protocol):
    """Where transcripts are kept."""

    async def save(self, diagnosis: Diagnosis, transcript: Transcript) -> None:
        """Keep one. Raises ClusterError."""


@dataclass(frozen=True)
class Allowance:
    """What consultations may use."""

    tokens: int = 60_000
    """Of one Diagnosis, all of its consultations together."""
    seconds: float = 300.0
    """Of one consultation."""

    @property
    def deadline(self) -> float:
        """Seconds after which a consultation that did not stop by itself is ended."""
        return self.seconds * 1.25 + 10

    @property
    def lease(self) -> timedelta:
        """How long a claim holds; a little longer than any consultation takes."""
        return timedelta(seconds=self.deadline + 10)


class Consult:
    """The step, with those whom it takes."""

    def __init__(
        self,
        consultant: Consultant | None,
        ledger: Ledger,
        transcripts: Transcripts,
        allowance: Allowance | None = None,
    ) -> None:
        self.consultant = consultant
        self.ledger = ledger
        self.transcripts = transcripts
        self.allowance = allowance or Allowance()

    async def __call__(self, context: Context, diagnosis: Diagnosis) -> float | None:
        """Ask, and join what comes of it; returns when to look again, None for at once."""
        now = context.clock()
        left = self._lease_left(diagnosis, now)
        if left > 0:
            return left  # another operator is at it, or was until it was killed
        try:
            snapshot = await look(context, diagnosis)
        except (UnknownKindError, NotFoundError):
            return context.timing.recheck  # the other steps say so
        if not is_as_observed(diagnosis, snapshot):
            return context.timing.recheck  # it is looked at anew first
        drop_condition(diagnosis, "Consulted")  # a claim that has run out holds nothing up
        if settle_unasked(context.consulting, diagnosis, snapshot, now):
            await context.store.write_status(diagnosis)
            return None
        assert self.consultant is not None, "nobody can be asked, and the context does not say so"
        refusal = self._spent(diagnosis) or await self._unprepared(self.consultant)
        if refusal is not None:
            set_condition(diagnosis, "Consulted", "False", *refusal, now)
            await context.store.write_status(diagnosis)
            return None
        claim = await self._claim(context, diagnosis, self.consultant)
        try:
            given = await self._ask(self.consultant, claim, snapshot)
        except asyncio.CancelledError:
            # Our own end, as in every update: what nobody will finish is settled on the way out.
            message = "the operator was stopped in the middle of it"
            given = Given.cut_off(message, TokenCount(), claim.tokens)
            async with asyncio.timeout(_LAST_WORDS):
                await join_opinion(context, claim, given, self.consultant.cost)
            raise
        await join_opinion(context, claim, given, self.consultant.cost)
        return None

    def _lease_left(self, diagnosis: Diagnosis, now: datetime) -> float:
        """Seconds for which a claim that was found holds; never more than a whole lease."""
        found = condition(diagnosis.status, "Consulted")
        if found is None or not has(diagnosis, "Consulted", "Unknown"):
            return 0.0
        left = found.last_transition_time + self.allowance.lease - now
        return min(left, self.allowance.lease).total_seconds()

    def _tokens_left(self, diagnosis: Diagnosis) -> int:
        usage = diagnosis.status.usage
        return self.allowance.tokens - (usage.spent_tokens if usage else 0)

    def _spent(self, diagnosis: Diagnosis) -> tuple[Reason, str] | None:
        if self._tokens_left(diagnosis) >= _LEAST:
            return None
        usage = diagnosis.status.usage
        message = f"the {self.allowance.tokens} tokens for this Diagnosis are spent"
        if usage is not None and usage.reserved_tokens:
            message += (
                f", with {usage.reserved_tokens} that were set aside for a consultation that was "
                "cut off"
            )
        return Reason.BUDGET_SPENT, f"{message}; PODIATRIST_CONSULT_TOKENS sets the limit"

    @staticmethod
    async def _unprepared(consultant: Consultant) -> tuple[Reason, str] | None:
        """Return why nothing can be looked at. An API server that is down is waited for."""
        try:
            await consultant.prepare()
        except UnreachableError:
            raise
        except ClusterError as error:
            return Reason.MODEL_FAILED, f"no model was asked, for lack of a kubectl: {error}"
        return None

    async def _claim(self, context: Context, diagnosis: Diagnosis, who: Consultant) -> Claim:
        """Write down that it begins and what it may use. Raises ConflictError."""
        status, tokens = diagnosis.status, self._tokens_left(diagnosis)
        usage = status.usage or Usage(model=who.name)
        usage.model = who.name
        usage.reserved_tokens += tokens
        status.usage = usage
        message = f"asking {who.name}, for at most {tokens} tokens"
        set_condition(
            diagnosis, "Consulted", "Unknown", Reason.CONSULTING, message, context.clock()
        )
        return Claim(await context.store.write_status(diagnosis), tokens)

    async def _ask(self, who: Consultant, claim: Claim, snapshot: Snapshot) -> Given:
        """Return what was said and what it used; whatever goes wrong is an answer too."""
        if not await self.ledger.reserve(claim.tokens):
            return Given.nothing(Reason.BUDGET_SPENT, self.ledger.refusal)
        diagnosis, transcript = claim.diagnosis, Transcript(who.name)
        findings, question = by_rules(diagnosis.status.findings), diagnosis.spec.question
        try:
            async with asyncio.timeout(self.allowance.deadline):
                opinion = await who.ask(snapshot, findings, question, transcript, claim.tokens)
            given = Given.of(opinion)
        except TimeoutError:
            message = f"no answer within {self.allowance.deadline:.0f} seconds"
            given = Given.cut_off(message, transcript.tokens, claim.tokens)
        except ClusterError as error:
            given = Given.cut_off(str(error), transcript.tokens, claim.tokens)
        except Exception:
            log.exception("consultation of %s/%s failed", *diagnosis.key)
            message = "the consultation failed by a defect of Podiatrist's; its log has the details"
            given = Given.cut_off(message, transcript.tokens, claim.tokens)
        await self.ledger.settle(claim.tokens, given.charged)
        try:
            await self.transcripts.save(diagnosis, transcript)
        except ClusterError as error:
            log.warning("the transcript of %s/%s is lost: %s", *diagnosis.key, error)
        return given
