"""What came of a consultation joins the Diagnosis, which may have moved on in the meantime."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from podiatrist.actions.compiler import Proposal
from podiatrist.agent.consultation.investigation import Opinion
from podiatrist.agent.messages import TokenCount
from podiatrist.api.conditions import (
    OVER,
    ConditionStatus,
    Reason,
    condition,
    derive_state,
    drop_condition,
    has,
    set_condition,
)
from podiatrist.api.diagnosis import AGENT, Diagnosis, Finding, Usage
from podiatrist.cluster.errors import ConflictError, NotFoundError, UnreachableError
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.investigate import is_as_observed
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.options.agent_part import by_rules, joined, suggested_options
from podiatrist.lifecycle.options.compose import compose
from podiatrist.lifecycle.options.propose import redacted
from podiatrist.lifecycle.reverted import causes, tell_taken_back

log = logging.getLogger(__name__)

_PAUSES = (*[0.1] * 10, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between attempts to write: an answer that was paid for is not given up lightly."""

Cost = Callable[[Usage], str | None]


@dataclass(frozen=True)
class Begun:
    """A consultation that was written down: the Diagnosis as it was then, and its tokens."""

    diagnosis: Diagnosis
    tokens: int


@dataclass(frozen=True)
class Consulted:
    """What came of asking. `charged` is what counts as spent, at least the tokens counted."""

    reason: Reason
    message: str
    findings: list[Finding] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    tokens: TokenCount = field(default_factory=TokenCount)
    calls: int = 0
    seconds: float = 0.0
    charged: int = 0

    @classmethod
    def of(cls, opinion: Opinion) -> Self:
        """Return an opinion as what was consulted."""
        return cls(
            opinion.reason,
            opinion.message,
            [redacted(f) for f in opinion.findings if f.analyzer == AGENT],
            opinion.proposals,
            opinion.tokens,
            opinion.calls,
            opinion.seconds,
            opinion.tokens.total,
        )

    @classmethod
    def nothing(cls, reason: Reason, message: str) -> Self:
        """Return that nobody was asked."""
        return cls(reason, message)

    @classmethod
    def cut_off(cls, message: str, tokens: TokenCount, charged: int) -> Self:
        """Return that it ended without an answer; what the last request used nobody knows."""
        return cls(Reason.MODEL_FAILED, message, tokens=tokens, charged=charged)


async def join_opinion(context: Context, begun: Begun, consulted: Consulted, cost: Cost) -> None:
    """Add what was said to the Diagnosis as it is now, and in any case what it cost.

    Both once: a write whose answer got lost is known by what it wrote, and not made again.
    """
    namespace, name = begun.diagnosis.key
    tried: list[Usage] = []
    for pause in (*_PAUSES, None):
        try:
            fresh = await context.store.get(namespace, name)
            if fresh is None or fresh.metadata.uid != begun.diagnosis.metadata.uid:
                return
            if _is_ours(fresh, begun):
                await _join(context, fresh, consulted)
            elif _is_counted(fresh, begun, tried):
                return
            # Else the target changed and it is asked anew, or its lease had run out.
            tried.append(_count(fresh, begun, consulted, cost))
            await context.store.write_status(fresh)
        except NotFoundError:
            return
        except (ConflictError, UnreachableError):
            if pause is None:
                raise
            await asyncio.sleep(pause)
        else:
            return


def _is_counted(diagnosis: Diagnosis, begun: Begun, tried: list[Usage]) -> bool:
    """Whether an attempt of ours to write was carried out although we were told otherwise.

    Its usage is there, or others have added to it and what we set aside is gone.
    """
    usage = diagnosis.status.usage
    return usage is not None and (usage in tried or usage.reserved_tokens < begun.tokens)


def _count(diagnosis: Diagnosis, begun: Begun, consulted: Consulted, cost: Cost) -> Usage:
    """Add what was used, and release what was set aside but for what may be used all the same."""
    usage = diagnosis.status.usage
    if usage is None:
        usage = Usage(model="", reserved_tokens=begun.tokens)
    before = begun.diagnosis.status.usage
    usage.model = before.model if before else usage.model
    usage.calls += consulted.calls
    usage.prompt_tokens += consulted.tokens.prompt
    usage.completion_tokens += consulted.tokens.completion
    usage.seconds += ceil(consulted.seconds)
    uncounted = max(0, consulted.charged - consulted.tokens.total)
    usage.reserved_tokens = max(0, usage.reserved_tokens - begun.tokens + uncounted)
    usage.cost = cost(usage)
    diagnosis.status.usage = usage
    return usage


async def _join(context: Context, diagnosis: Diagnosis, consulted: Consulted) -> None:
    """Write findings, options and the condition, as far as they still fit."""
    now = context.clock()
    if derive_state(diagnosis.status) in OVER or has(diagnosis, "Approved", "True"):
        message = f"it came too late to matter: {redact(consulted.message)}"
        set_condition(diagnosis, "Consulted", "False", Reason.NOT_NEEDED, message, now)
        return
    snapshot = await _look(context, diagnosis)
    if snapshot is None:
        drop_condition(diagnosis, "Consulted")  # the next look finds the change, and says so
        return
    rules = by_rules(diagnosis.status.findings)
    offered = [o for o in diagnosis.status.options if o.suggested_by == "rules"]
    # Where the cause lies elsewhere there is nothing to mend here, whoever suggests it.
    proposals = [] if causes(diagnosis) else consulted.proposals
    suggested = suggested_options(snapshot, proposals, context.timing.soak)
    compose(diagnosis, snapshot, rules, consulted.findings, joined(offered, suggested), now)
    await tell_taken_back(context, diagnosis, snapshot)
    value: ConditionStatus = "True" if consulted.reason is Reason.MODEL_ANSWERED else "False"
    set_condition(diagnosis, "Consulted", value, consulted.reason, redact(consulted.message), now)


def _is_ours(diagnosis: Diagnosis, begun: Begun) -> bool:
    now, then = (condition(d.status, "Consulted") for d in (diagnosis, begun.diagnosis))
    return (
        now is not None
        and then is not None
        and (now.status, now.last_transition_time) == (then.status, then.last_transition_time)
    )


async def _look(context: Context, diagnosis: Diagnosis) -> Snapshot | None:
    """Return the target as it is now, None where it is not the one that was asked about."""
    try:
        snapshot = await look(context, diagnosis)
    except (UnknownKindError, NotFoundError):
        return None
    return snapshot if is_as_observed(diagnosis, snapshot) else None
