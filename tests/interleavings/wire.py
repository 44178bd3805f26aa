"""A role's line to the API server, on which things happen at a chosen moment.

The process ends before or after its n-th write, an answer is lost, or somebody else acts between
two requests. Writes that went through are told to a witness.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import UnreachableError
from podiatrist.cluster.kinds import Object
from tests.interleavings.clock import Clock


class Killed(BaseException):
    """The process ends here: nothing of the code under test may catch it."""


class Blow(StrEnum):
    """What happens."""

    CRASH_BEFORE = "crashes before its write"
    CRASH_AFTER = "crashes after its write"
    LOST_ANSWER = "never hears the answer to its write"
    INTRUDER = "is not alone at its request"


@dataclass(frozen=True)
class Interruption:
    """What happens at which write, for INTRUDER at which request; both count from 1.

    An intruder at 0 comes before the step begins.
    """

    blow: Blow
    at: int


@dataclass(frozen=True)
class Sent:
    """A write that went through: not a dry run, and not refused; and what its step began with.

    `reading` is the Diagnosis as it was then, `switched_off` whether the kill switch was thrown.
    """

    method: str
    path: str
    body: Any
    answer: Object
    reading: Diagnosis | None
    switched_off: bool
    began: datetime | None


class Wire(Client):
    """One process' client."""

    def __init__(self, inner: Client, clock: Clock, witness: Callable[[Sent], None]) -> None:
        self._inner = inner
        self._clock = clock
        self._field_manager = inner._field_manager
        self.configuration = inner.configuration
        self.confines = inner.confines
        self._witness = witness
        self._dead = False
        self._requests = self._writes = 0
        self._interruption: Interruption | None = None
        self._intruder: Callable[[], Awaitable[None]] | None = None
        self._reading: Diagnosis | None = None
        self._switched_off = False
        self._began: datetime | None = None

    def arm(
        self,
        reading: Diagnosis,
        *,
        switched_off: bool,
        interruption: Interruption | None,
        intruder: Callable[[], Awaitable[None]] | None,
    ) -> None:
        """Say what the next step stands on, and what happens in it."""
        self._requests = self._writes = 0
        self._reading, self._switched_off = reading.model_copy(deep=True), switched_off
        self._began = self._clock.now()
        self._interruption, self._intruder = interruption, intruder

    def disarm(self) -> None:
        """The step is over: nothing that was to happen in it happens any more."""
        self._interruption = None

    async def _bytes(
        self,
        method: str,
        path: str,
        *,
        accept: str | None = None,
        warnings: list[str] | None = None,
        **options: Any,
    ) -> bytes:
        if self._dead:
            raise Killed  # what still ran beside the request that killed it
        writes = method != "get" and not options.get("dry_run")
        blow = self._due(writes=writes)
        if blow is Blow.INTRUDER and self._intruder is not None:
            await self._intruder()
        if blow is Blow.CRASH_BEFORE:
            self._die()
        answer = await self._inner._bytes(method, path, accept=accept, warnings=warnings, **options)
        if writes:
            self._tell(method, path, options.get("body"), answer)
        if blow is Blow.CRASH_AFTER:
            self._die()
        if blow is Blow.LOST_ANSWER:
            raise UnreachableError("the answer was lost on its way")
        return self._clock.told(path, answer)

    def _due(self, *, writes: bool) -> Blow | None:
        """Count a request; returns what happens at it."""
        self._requests += 1
        self._writes += writes
        due = self._interruption
        if due is None:
            return None
        count = self._requests if due.blow is Blow.INTRUDER else self._writes * writes
        if count != due.at:
            return None
        self._interruption = None
        return due.blow

    def _die(self) -> None:
        self._dead = True
        raise Killed

    def _tell(self, method: str, path: str, body: Any, answer: bytes) -> None:
        self._witness(
            Sent(
                method,
                path,
                body,
                json.loads(answer),
                self._reading,
                self._switched_off,
                self._began,
            )
        )
