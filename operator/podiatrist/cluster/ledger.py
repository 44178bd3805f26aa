"""The day's budget: tokens of all consultations, in one ConfigMap, by compare-and-swap.

What a consultation may use is written down before it starts. A crash leaves it written, so the
limit holds across restarts, and with two operators at once. What it did not use comes back.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.config_maps import data_of, read_config_map, swap_config_map
from podiatrist.cluster.errors import ClusterError, ConflictError, UnreachableError
from podiatrist.cluster.kinds import Object

log = logging.getLogger(__name__)

NAME = "budget"
"""The ConfigMap: one key a UTC day, its value the tokens of that day."""

_DAYS = 7
"""Days that are kept, today with them."""

_TRIES = 20
"""Attempts to write; each one that fails means that somebody else's did not."""

_PAUSES = (0.5, 1.0, 2.0)
"""Seconds before asking again an API server that does not answer."""

_WRITES = f"{names.GROUP}/writes"
"""Annotation: the last writes, each by a random word. A write that was carried out although its
answer got lost is known by it, and not made a second time."""

_NUMBER = re.compile(r"[0-9]{1,15}")


class _UnreadableError(Exception):
    """What is stored is not what we write; `str()` says what it is."""


@dataclass(frozen=True)
class _Page:
    """The ConfigMap as it was read; `stored` is None where there is none yet."""

    stored: Object | None
    days: dict[str, str]

    @property
    def writes(self) -> list[str]:
        annotations = ((self.stored or {}).get("metadata") or {}).get("annotations") or {}
        return str(annotations.get(_WRITES, "")).split()


@dataclass(frozen=True)
class Reservation:
    """Tokens that were set aside, and the UTC day they were taken from."""

    day: str
    tokens: int


class Ledger:
    """Takes tokens from the day's budget and puts back what was not used."""

    def __init__(
        self,
        client: Client,
        per_day: int,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.per_day = per_day
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._complaint = ""
        self.left: int | None = None
        """Tokens left today when it was last looked at; None: not looked at yet."""
        self.refused = 0
        """How often a consultation was not allowed to start, for whatever reason."""

    async def reserve(self, tokens: int) -> Reservation | str:
        """Set tokens aside for a consultation.

        Returns a text where it may not start: why, and what to do, in one sentence for a human.
        """
        today, full = self._today(), ""

        def take(days: dict[str, str]) -> bool:
            nonlocal full
            spent = _spent(days, today)
            self.left = max(0, self.per_day - spent)
            if spent + tokens <= self.per_day:
                days[today] = str(_value(days, today) + tokens)
                self.left = self.per_day - spent - tokens
                return True
            full = (
                f"{spent} of {self.per_day} tokens of this day (UTC) are spent or set aside, and "
                f"a consultation may need {tokens}; PODIATRIST_TOKENS_PER_DAY sets the limit"
            )
            return False

        try:
            if not await self._change(take):
                self.refused += 1
                return full
        except _UnreadableError as error:
            return self._refused(
                f"ConfigMap {names.NAMESPACE}/{NAME} counts as spent: {error}; correct it, or "
                f"start anew with: kubectl -n {names.NAMESPACE} delete configmap {NAME}"
            )
        except ClusterError as error:
            return self._refused(f"the day's budget cannot be written down: {error}")
        self._complaint = ""
        return Reservation(today, tokens)

    async def settle(self, reservation: Reservation, used: int) -> None:
        """Put back what was set aside and not used, on the day it was taken from.

        To be called once. Never raises ClusterError: what cannot be put back stays spent.
        """
        surplus = max(0, used) - reservation.tokens
        if surplus == 0:
            return

        def put_back(days: dict[str, str]) -> bool:
            days[reservation.day] = str(max(0, _value(days, reservation.day) + surplus))
            self.left = max(0, self.per_day - _spent(days, self._today()))
            return True

        try:
            await self._change(put_back)
        except (_UnreadableError, ClusterError) as error:
            log.warning("%d tokens stay charged to the day's budget: %s", reservation.tokens, error)

    async def _change(self, change: Callable[[dict[str, str]], bool]) -> bool:
        """Change what is stored, once; False where `change` says no. Raises ClusterError."""
        word = secrets.token_hex(4)
        for pause in _PAUSES:
            try:
                return await self._swap(change, word)
            except UnreachableError:
                await self._sleep(pause)
        return await self._swap(change, word)

    async def _swap(self, change: Callable[[dict[str, str]], bool], word: str) -> bool:
        """Read, change and write back until nobody came between."""
        for _ in range(_TRIES):
            page = await self._read()
            if word in page.writes:
                return True
            days = dict(page.days)
            if not change(days):
                return False
            try:
                await self._write(page, days, word)
            except ConflictError:
                continue
            return True
        raise ConflictError(f"others wrote ConfigMap {names.NAMESPACE}/{NAME} all the time")

    async def _read(self) -> _Page:
        stored = await read_config_map(self._client, NAME)
        return _Page(stored, data_of(stored))

    async def _write(self, page: _Page, days: dict[str, str], word: str) -> None:
        first = (self._clock().astimezone(UTC).date() - timedelta(days=_DAYS - 1)).isoformat()
        kept = {day: tokens for day, tokens in sorted(days.items()) if day >= first}
        writes = {_WRITES: " ".join([*page.writes[-15:], word])}
        await swap_config_map(self._client, NAME, page.stored, kept, writes)

    def _refused(self, why: str) -> str:
        if why != self._complaint:  # once, not for each Diagnosis
            log.error("no consultation: %s", why)
        self._complaint = why
        self.refused += 1
        return why

    def _today(self) -> str:
        return self._clock().astimezone(UTC).date().isoformat()


def _spent(days: dict[str, str], today: str) -> int:
    """Return the tokens that count against today.

    Days to come count too: they were written by a clock that ran ahead of ours. Raises
    _UnreadableError where today's number is none, or a key is no day.
    """
    for key in days:
        try:
            known = date.fromisoformat(key).isoformat() == key
        except ValueError:
            known = False
        if not known:
            raise _UnreadableError(f"{key[:40]!r} is not a day such as {today}")
    return sum(_value(days, day) for day in days if day >= today)


def _value(days: dict[str, str], day: str) -> int:
    text = days.get(day, "0").strip()
    if not _NUMBER.fullmatch(text):
        raise _UnreadableError(f"{text[:40]!r} for {day} is not a number of tokens")
    return int(text)
