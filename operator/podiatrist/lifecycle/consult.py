"""Step `consult`: ask a model what it makes of a sick workload, beside the rules.

What it may cost is written down before the first request goes out, and what it did cost after
the last one. Whoever is killed in between leaves the larger number standing: no restart spends
the same tokens twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from podiatrist.agent.consultation.investigation import Opinion
from podiatrist.agent.consultation.transcript import Transcript
from podiatrist.api.conditions import (
    Reason,
    condition,
    drop_condition,
    has,
    set_condition,
)
from podiatrist.api.diagnosis import Diagnosis, Finding, Usage
from podiatrist.cluster.errors import ClusterError, NotFoundError, UnreachableError
from podiatrist.cluster.ledger import Reservation
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.investigate import is_as_observed
from podiatrist.lifecycle.join_opinion import Begun, Consulted, join_opinion
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.options.agent_part import by_rules
from podiatrist.lifecycle.unasked import settle_unasked

log = logging.getLogger(__name__)

_LEAST = 2000
"""Tokens with which asking a model makes any sense."""

_LAST_WORDS = 3.0
"""Seconds for writing down what came of a consultation when our own end is there."""

_STOPPED = "the operator was stopped in the middle of it"
_DEFECT = "the consultation failed by a defect of Podiatrist's; its log has the details"


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

    async def reserve(self, tokens: int) -> Reservation | str:
        """Set tokens of today aside; a text says why they are not to be had."""

    async def settle(self, reservation: Reservation, used: int) -> None:
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
        """How long a `Consulted=Unknown` holds; a little longer than any consultation takes."""
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
        drop_condition(diagnosis, "Consulted")  # a lease that has run out holds nothing up
        if settle_unasked(context.consulting, diagnosis, snapshot, now):
            await context.store.write_status(diagnosis)
            return None
        assert self.consultant is not None, "nobody can be asked, and the context does not say so"
        refusal = self._spent(diagnosis) or await self._unprepared(self.consultant)
        if refusal is not None:
            set_condition(diagnosis, "Consulted", "False", *refusal, now)
            await context.store.write_status(diagnosis)
            return None
        begun = await self._begin(context, diagnosis, self.consultant)
        await self._consult(context, self.consultant, begun, snapshot)
        return None

    def _lease_left(self, diagnosis: Diagnosis, now: datetime) -> float:
        """Seconds that are left of a lease that was found; never more than a whole one."""
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

    async def _begin(self, context: Context, diagnosis: Diagnosis, who: Consultant) -> Begun:
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
        return Begun(await context.store.write_status(diagnosis), tokens)

    async def _consult(
        self, context: Context, who: Consultant, begun: Begun, snapshot: Snapshot
    ) -> None:
        """Ask, and write down what came of it; also where we are stopped meanwhile."""
        transcript = Transcript(who.name)
        reservation: Reservation | str = _STOPPED

        async def write_down(consulted: Consulted) -> None:
            if isinstance(reservation, Reservation):
                await self._settle(begun.diagnosis, reservation, consulted, transcript)
            await join_opinion(context, begun, consulted, who.cost)

        try:
            reservation = await self._reserve(begun.tokens)
            if isinstance(reservation, Reservation):
                consulted = await self._ask(who, begun, snapshot, transcript)
            else:
                consulted = Consulted.nothing(Reason.BUDGET_SPENT, reservation)
        except asyncio.CancelledError:
            # Our own end, as in every update: what nobody will finish is settled on the way out.
            charged = begun.tokens if isinstance(reservation, Reservation) else 0
            await _last_words(write_down(Consulted.cut_off(_STOPPED, transcript.tokens, charged)))
            raise
        await _to_the_end(write_down(consulted))

    async def _reserve(self, tokens: int) -> Reservation | str:
        """Set tokens of the day aside; whatever goes wrong is a refusal."""
        try:
            return await self.ledger.reserve(tokens)
        except Exception:
            log.exception("the day's budget failed")
            return _DEFECT

    async def _ask(
        self, who: Consultant, begun: Begun, snapshot: Snapshot, transcript: Transcript
    ) -> Consulted:
        """Return what was said and what it used; whatever goes wrong is an answer too."""
        diagnosis = begun.diagnosis
        findings, question = by_rules(diagnosis.status.findings), diagnosis.spec.question
        try:
            async with asyncio.timeout(self.allowance.deadline):
                opinion = await who.ask(snapshot, findings, question, transcript, begun.tokens)
            return Consulted.of(opinion)
        except TimeoutError:
            message = f"no answer within {self.allowance.deadline:.0f} seconds"
        except ClusterError as error:
            message = str(error)
        except Exception:
            log.exception("consultation of %s/%s failed", *diagnosis.key)
            message = _DEFECT
        return Consulted.cut_off(message, transcript.tokens, begun.tokens)

    async def _settle(
        self,
        diagnosis: Diagnosis,
        reservation: Reservation,
        consulted: Consulted,
        transcript: Transcript,
    ) -> None:
        """Put back what was not used and keep the transcript. What fails costs no answer."""
        try:
            await self.ledger.settle(reservation, consulted.charged)
        except Exception:
            log.exception("%d tokens stay charged to the day's budget", reservation.tokens)
        try:
            await self.transcripts.save(diagnosis, transcript)
        except ClusterError as error:
            log.warning("the transcript of %s/%s is lost: %s", *diagnosis.key, error)
        except Exception:
            log.exception("the transcript of %s/%s is lost", *diagnosis.key)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish some work, also where we are cancelled meanwhile."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await _last_words(task)
        raise


async def _last_words(work: Awaitable[None]) -> None:
    """Finish some work before we go, if that is quick. Whatever goes wrong, we go."""
    try:
        async with asyncio.timeout(_LAST_WORDS):
            await work
    except (TimeoutError, ClusterError) as error:
        log.warning("stopped before a consultation was written down: %s", str(error) or "too slow")
    except Exception:
        log.exception("stopped before a consultation was written down")
