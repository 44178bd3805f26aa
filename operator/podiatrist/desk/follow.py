"""Follows a Diagnosis until it is where somebody waits for it to be."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from podiatrist.api import names
from podiatrist.api.conditions import OVER, has
from podiatrist.api.diagnosis import Condition, Diagnosis, State
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import UnreachableError
from podiatrist.cluster.store import Store
from podiatrist.desk.choose import last_refusal
from podiatrist.desk.errors import EndedBadlyError, NotDoneError
from podiatrist.lifecycle.next_step import approval_unread

_PAUSE = 1.0
"""Seconds between two looks."""

Sleep = Callable[[float], Awaitable[None]]


class End(Enum):
    """How an approval ended."""

    WELL = auto()
    REFUSED = auto()
    BADLY = auto()


@dataclass(frozen=True)
class Watch:
    """How long to wait, in seconds, and where to tell how it goes."""

    timeout: float
    tell: Callable[[str], None]
    sleep: Sleep = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


async def follow(
    client: Client, diagnosis: Diagnosis, done: Callable[[Diagnosis], bool], watch: Watch
) -> Diagnosis:
    """Look again and again until `done`; an API server that does not answer is asked again.

    Raises EndedBadlyError when time is up or the Diagnosis is gone.
    """
    end = watch.clock() + watch.timeout
    now: Diagnosis = diagnosis
    while True:
        with suppress(UnreachableError):
            found = await Store(client).get(*diagnosis.key)
            if found is None or found.metadata.uid != diagnosis.metadata.uid:
                raise EndedBadlyError(f"{diagnosis.metadata.name} is gone, and its target with it")
            now = found
            if done(now):
                return now
        watch.tell(progress(now))
        if watch.clock() >= end:
            raise EndedBadlyError(
                f"{diagnosis.metadata.name} is not done after {watch.timeout:.0f} s: "
                f"{progress(now)}. It goes on; see: show {diagnosis.metadata.name}"
            )
        await watch.sleep(_PAUSE)


def progress(diagnosis: Diagnosis) -> str:
    """Return where a Diagnosis stands, in a line: the state, and what was said last."""
    state = diagnosis.status.state
    waiting = diagnosis.annotation(names.APPROVE) is not None and approval_unread(diagnosis)
    if waiting and state not in OVER:
        return "Approved: the executor has not taken it up yet"
    said = _last(diagnosis)
    return f"{state.value if state else 'Waiting for the operator'}{f': {said}' if said else ''}"


def _last(diagnosis: Diagnosis) -> str:
    """Return what was said last, of conditions of one second the later step."""
    told: list[Condition] = [c for c in diagnosis.status.conditions if c.message]
    if not told:
        return ""
    newest = max(enumerate(told), key=lambda item: (item[1].last_transition_time, item[0]))
    return newest[1].message


def end_of_approval(diagnosis: Diagnosis, digest: str) -> End | None:
    """Return how the approval of an option ended, None while it is under way.

    An approval that is read and neither accepted nor refused was overtaken: the target changed.
    """
    status = diagnosis.status
    if status.state in OVER:
        return End.WELL if status.state in (State.SUCCEEDED, State.RESOLVED) else End.BADLY
    read = status.approval is not None and status.approval.digest == digest
    under_way = has(diagnosis, "Approved", "True") or status.state in (
        State.EXECUTING,
        State.VERIFYING,
    )
    return End.REFUSED if read and not under_way else None


async def follow_approval(
    client: Client, diagnosis: Diagnosis, digest: str, watch: Watch
) -> Diagnosis:
    """Follow an approved option to its end, and return the Diagnosis then.

    Raises NotDoneError where the executor refused it, EndedBadlyError where it did not help.
    """
    now = await follow(client, diagnosis, lambda d: end_of_approval(d, digest) is not None, watch)
    end = end_of_approval(now, digest)
    if end is End.REFUSED:
        why = last_refusal(now) or "its target changed; it is diagnosed anew"
        raise NotDoneError(f"the approval was not acted upon: {why}")
    if end is End.BADLY:
        raise EndedBadlyError(progress(now))
    return now
