"""How many Diagnoses one owner and one namespace may get in a while; what is too many is counted.

Counted from what is in the cluster, so a restart does not open the gate again.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.api.diagnosis import Diagnosis

log = logging.getLogger(__name__)

WINDOW = timedelta(hours=1)

_QUIET = timedelta(minutes=10)
"""Between two lines of the log about one namespace."""


@dataclass(frozen=True)
class Limits:
    """Most new Diagnoses within an hour."""

    per_owner: int = 6
    per_namespace: int = 200


class Gate:
    """Lets new Diagnoses through up to the limits, and remembers how many it did not."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held_back: Counter[str] = Counter()
        """How often a Diagnosis was held back, by namespace; `*` is all."""
        self._told: dict[str, datetime] = {}

    def opens(
        self, namespace: str, of_owner: Iterable[Diagnosis], of_all: Iterable[Diagnosis],
        now: datetime,
    ) -> bool:  # fmt: skip
        """Say whether one more may be made, given those that there are."""
        owner, everywhere = _lately(of_owner, now), _lately(of_all, now)
        if owner < self._limits.per_owner and everywhere < self._limits.per_namespace:
            return True
        self.held_back[namespace] += 1
        self.held_back["*"] += 1
        told = self._told.get(namespace)
        if told is None or now - told > _QUIET:
            self._told = {n: at for n, at in self._told.items() if now - at <= _QUIET}
            self._told[namespace] = now
            log.warning(
                "held back a Diagnosis in namespace %s: %d of its owner and %d of the namespace "
                "within an hour (limits %d and %d); %d held back there so far",
                namespace, owner, everywhere, self._limits.per_owner, self._limits.per_namespace,
                self.held_back[namespace],
            )  # fmt: skip
        return False


def _lately(diagnoses: Iterable[Diagnosis], now: datetime) -> int:
    made = (d.metadata.creation_timestamp for d in diagnoses)
    return sum(at is not None and now - at < WINDOW for at in made)
