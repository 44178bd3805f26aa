"""One look at a target that may be sick: is it worth a Diagnosis, and whose?"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.result import Result
from podiatrist.api import names
from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, ObjectRef, State
from podiatrist.api.diagnosis import Target as DiagnosisTarget
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import RefusedError
from podiatrist.cluster.kinds import NAMESPACE, NODE, WORKLOADS
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import Store, is_about, spec_hash
from podiatrist.notice.limits import Gate
from podiatrist.notice.owners import Target, kind_of
from podiatrist.notice.watchlist import Entry, Watchlist

log = logging.getLogger(__name__)


_NOT_SURE = 5.0
"""Seconds until the rules are asked again about a hard symptom that they do not explain yet."""


@dataclass(frozen=True)
class Outcome:
    """What a look came to.

    `sick`: something is wrong that is worth another look later. `wait`: seconds until a symptom
    is to be believed, where that alone was missing. `causes`: objects whose fault it is.
    """

    sick: bool
    wait: float | None = None
    causes: tuple[Target, ...] = ()


class Diagnoser:
    """Looks at targets, and makes a Diagnosis where there is none that tells the story."""

    def __init__(
        self,
        client: Client,
        reader: Reader,
        store: Store,
        watchlist: Watchlist,
        gate: Gate,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._reader = reader
        self._store = store
        self._watchlist = watchlist
        self._gate = gate
        self._clock = clock

    async def look(self, target: Target) -> Outcome:
        """Read the target, let the rules judge it, and make a Diagnosis where one is due.

        Raises NotFoundError where it is gone, ClusterError where nobody can say.
        """
        kind = kind_of(target)
        now = self._clock()
        snapshot = await self._reader.read(kind, target.namespace or None, target.name, now)
        results = analyze(snapshot)
        if kind in WORKLOADS:
            believed = list(self._watchlist.believed(snapshot.pods, now))
            wait = self._watchlist.next_due(snapshot.pods, now)
            if not believed and wait is not None:
                # Its pods show something that is too young: rules may already see it, we wait.
                return Outcome(sick=True, wait=wait)
            if not results and not self._beyond_doubt(believed, now):
                return Outcome(
                    sick=bool(believed),
                    wait=_NOT_SURE if any(e.symptom.hard for e in believed) else None,
                )
        elif not results:
            return Outcome(sick=False)
        causes = tuple(_target_of(r.cause) for r in results if r.cause is not None)
        if results and _someone_elses(snapshot, results):
            return Outcome(sick=True, causes=causes)
        await self._make(target, snapshot, now)
        return Outcome(sick=True, causes=causes)

    def _beyond_doubt(self, believed: list[Entry], now: datetime) -> bool:
        """Whether a hard symptom has lasted so long that it is told without knowing why.

        Rules wait until they are sure: a container that failed twice may run at the third try.
        """
        long = timedelta(seconds=self._watchlist.grace.unexplained)
        return any(e.symptom.hard and now - e.first_seen >= long for e in believed)

    async def _make(self, target: Target, snapshot: Snapshot, now: datetime) -> None:
        home = target.namespace or names.NAMESPACE
        if await self._ignored(snapshot):
            return
        known = await self._store.in_namespace(home)
        metadata = snapshot.metadata
        own = [d for d in known if is_about(d, metadata.uid)]
        name = next_name(own, snapshot)
        if name is None or not self._gate.opens(home, own, known, now):
            return
        if own and await self._changed_since(snapshot):
            return
        wanted = DiagnosisTarget(
            api_version=target.api_version, kind=target.kind, name=target.name, uid=metadata.uid
        )
        if await self._store.create(home, wanted, name):
            log.info("noticed %s: Diagnosis %s/%s", target, home, name)

    async def _changed_since(self, snapshot: Snapshot) -> bool:
        """Whether the target's spec is another one by now: the next look tells what is true.

        The snapshot is older than the Diagnoses. If a fix was taken back in between, it shows
        the workload as the fix had left it, which is no news to the Diagnosis that ended.
        """
        name, home = snapshot.metadata.name, snapshot.namespace or None
        raw = await self._client.get(snapshot.kind, home, name)
        return spec_hash(raw) != spec_hash(snapshot.target_raw)

    async def _ignored(self, snapshot: Snapshot) -> bool:
        """Whether a human asked to leave the object or its namespace alone."""
        annotations = dict(snapshot.metadata.annotations)
        if snapshot.namespace:
            annotations |= await self._annotations_of(snapshot.namespace)
        return names.IGNORE in annotations or names.PAUSE in annotations

    async def _annotations_of(self, namespace: str) -> dict[str, str]:
        """Return a namespace's annotations; none where a team did not grant the right to see them.

        In the whole cluster that right is ours, and its absence an error that is told.
        """
        try:
            raw = await self._client.get(NAMESPACE, None, namespace)
        except RefusedError:
            if self._client.confines.everywhere:
                raise
            return {}
        return (raw.get("metadata") or {}).get("annotations") or {}


def _someone_elses(snapshot: Snapshot, results: list[Result]) -> bool:
    """Whether nothing is left to say here: the Diagnosis of the cause tells it all.

    Of a node's trouble the node's own Diagnosis names the sufferers: one for the node, not one
    for each of them. A workload that suffers from another workload has its own story, which
    points there; a Service or a claim without a fault of its own has none.
    """
    if any(r.cause is None for r in results):
        return False
    of_node = all(r.cause is not None and r.cause.kind == NODE.kind for r in results)
    return of_node or snapshot.kind not in WORKLOADS


def _target_of(ref: ObjectRef) -> Target:
    return Target(ref.api_version, ref.kind, ref.namespace or "", ref.name)


def next_name(known: list[Diagnosis], snapshot: Snapshot) -> str | None:
    """Return the name for a new Diagnosis; None where one already tells this story.

    `known` are those of the target so far, the newest first.
    """
    metadata = snapshot.metadata
    if not known:
        return names.diagnosis_name(metadata.name, metadata.uid)
    if any(d.status.state not in OVER for d in known) or not begins_anew(
        known[0], spec_hash(snapshot.target_raw)
    ):
        return None
    episode = max(names.episode_of(d.metadata.name) for d in known) + 1
    return names.diagnosis_name(metadata.name, metadata.uid, episode)


def begins_anew(last: Diagnosis, now_hash: str) -> bool:
    """Say whether a sick workload whose last Diagnosis is over deserves another one.

    After a success or a recovery it is a new episode. After a rejection, a rollback or a failure
    the old story still tells all there is, until somebody changes the workload.
    """
    if last.status.state in (State.SUCCEEDED, State.RESOLVED):
        return True
    observed = last.status.observed_target
    return observed is None or observed.spec_hash != now_hash
