"""Takes away what is history: Diagnoses that are old or too many, and transcripts left behind."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ConflictError, NotFoundError
from podiatrist.cluster.kinds import DIAGNOSIS
from podiatrist.cluster.store import parse_diagnosis
from podiatrist.cluster.transcripts import Transcripts, superfluous

log = logging.getLogger(__name__)


_HEALED = frozenset({State.SUCCEEDED, State.RESOLVED})


@dataclass(frozen=True)
class Keeping:
    """How long Diagnoses that are over stay, in seconds, and how many of them."""

    seconds: float = 7 * 24 * 3600.0
    per_owner: int = 5
    per_namespace: int = 500
    transcripts: int = 500
    """How many transcripts stay; each goes with its Diagnosis as well."""


class Housekeeping:
    """Deletes what is over and too old or too many; what is open always stays."""

    def __init__(self, client: Client, keeping: Keeping, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._keeping = keeping
        self._clock = clock
        self._transcripts = Transcripts(client)

    async def once(self) -> None:
        """Look through all Diagnoses and transcripts once. Raises ClusterError."""
        await self._tidy_diagnoses()
        await self._tidy_transcripts()

    async def _tidy_diagnoses(self) -> None:
        raws = await self._client.list_all(DIAGNOSIS)
        known = [d for raw in raws if (d := parse_diagnosis(raw)) is not None]
        for diagnosis in history(known, self._keeping, self._clock()):
            metadata = diagnosis.metadata
            try:
                # Only as it was read: a retry opens it again.
                await self._client.delete(
                    DIAGNOSIS,
                    *diagnosis.key,
                    {
                        "preconditions": {
                            "uid": metadata.uid,
                            "resourceVersion": metadata.resource_version,
                        }
                    },
                )
            except (ConflictError, NotFoundError):
                continue
            log.info("deleted Diagnosis %s/%s: it is history", *diagnosis.key)

    async def _tidy_transcripts(self) -> None:
        # In this order: a Diagnosis made in between has no transcript among those known.
        known = await self._transcripts.known()
        if not known:
            return
        alive = {m.uid for m in await self._client.list_metadata(DIAGNOSIS)}
        # Whether a Diagnosis lives where we do not look (any more), is not known.
        alive |= {k.of for k in known if not self._client.confines.look_into(k.namespace)}
        for kept in superfluous(known, alive, self._keeping.transcripts):
            await self._transcripts.delete(kept)


def ended_at(diagnosis: Diagnosis) -> datetime | None:
    """Return when a Diagnosis came to its end, None for one that is open or does not say."""
    if diagnosis.status.state not in OVER:
        return None
    times = [c.last_transition_time for c in diagnosis.status.conditions]
    return max(times, default=diagnosis.metadata.creation_timestamp)


def history(known: Iterable[Diagnosis], keeping: Keeping, now: datetime) -> list[Diagnosis]:
    """Return the Diagnoses that are to go: over for too long, or one too many.

    The last word on a workload that was not healed (rejected, rolled back) stays while its object
    does: without it the same story would be told again.
    """
    over = [(ended, d) for d in known if (ended := ended_at(d)) is not None]
    over.sort(key=lambda pair: pair[0], reverse=True)
    of_owner: dict[tuple[str, str], int] = defaultdict(int)
    of_namespace: dict[str, int] = defaultdict(int)
    gone: list[Diagnosis] = []
    for ended, diagnosis in over:
        target, namespace = diagnosis.spec.target, diagnosis.metadata.namespace
        owner = (namespace, target.uid or f"{target.kind}/{target.name}")
        last_word = of_owner[owner] == 0 and diagnosis.status.state not in _HEALED
        if not last_word and (
            now - ended > timedelta(seconds=keeping.seconds)
            or of_owner[owner] >= keeping.per_owner
            or of_namespace[namespace] >= keeping.per_namespace
        ):
            gone.append(diagnosis)
            continue
        of_owner[owner] += 1
        of_namespace[namespace] += 1
    return gone
