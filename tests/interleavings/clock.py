"""The time that the roles go by: it can be put forward, and the API server's times along with it.

A role that sees its own clock an hour ahead of the API server's would take every approval for an
hour old. So what the API server says of times is told to the roles as if it had waited, too.
"""

import asyncio
import json
import re
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


class Clock:
    """A clock that only goes forward, by leaps if somebody wants."""

    def __init__(self) -> None:
        self._leaps: list[datetime] = []
        self._ahead: list[timedelta] = [timedelta()]

    def now(self) -> datetime:
        """Return the time that it is for the roles."""
        return datetime.now(UTC) + self._ahead[-1]

    async def leap(self, by: timedelta) -> None:
        """Put the clock forward, at the full second: finer times the API server does not keep."""
        await self._full_second()
        self._leaps.append(datetime.now(UTC).replace(microsecond=0))
        self._ahead.append(self._ahead[-1] + by)

    @staticmethod
    async def _full_second() -> None:
        await asyncio.sleep(1.01 - datetime.now(UTC).microsecond / 1_000_000)

    def told(self, path: str, answer: bytes) -> bytes:
        """Return an answer of the API server with its times as they are for the roles.

        What the status of a Diagnosis says of times is by the roles' clock already.
        """
        if not self._leaps:
            return answer
        if "/diagnoses" not in path:
            return self._shifted(answer.decode()).encode()
        raw = json.loads(answer)
        for found in raw.get("items", [raw]):
            if "metadata" in found:
                found["metadata"] = self._shifted_json(found["metadata"])
        return json.dumps(raw).encode()

    def _shifted_json(self, metadata: Any) -> Any:
        return json.loads(self._shifted(json.dumps(metadata)))

    def _shifted(self, text: str) -> str:
        return _TIME.sub(self._shift, text)

    def _shift(self, found: re.Match[str]) -> str:
        time = datetime.strptime(found[0], _SECONDS).replace(tzinfo=UTC)
        return (time + self._ahead[bisect_right(self._leaps, time)]).strftime(_SECONDS)
