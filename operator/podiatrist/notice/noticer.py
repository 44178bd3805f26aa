"""From a sick pod to one Diagnosis of its workload."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from weakref import WeakValueDictionary

from podiatrist.api import names
from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, State, Target
from podiatrist.cluster.client import Client, Object
from podiatrist.cluster.errors import ClusterError, NotFoundError
from podiatrist.cluster.kinds import NAMESPACE, POD
from podiatrist.cluster.objects import Metadata, Pod, parse
from podiatrist.cluster.reader import top_owner
from podiatrist.cluster.store import Store, spec_hash
from podiatrist.notice.watchlist import Watchlist

log = logging.getLogger(__name__)

_RETRY = 10.0
"""Seconds until a pod is looked at again when the API server could not answer."""

_AGAIN = 60.0
"""Seconds until a pod that is still sick is looked at again: its Diagnosis may have ended."""


class Noticer:
    """Decides which pods are worth a Diagnosis and makes it."""

    def __init__(
        self,
        client: Client,
        store: Store,
        watchlist: Watchlist,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._store = store
        self._watchlist = watchlist
        self._clock = clock
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Pods of one owner are often noticed at once; the lock lives as long as one of them looks.
        self._owner_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def pod_seen(self, raw: Object, *, deleted: bool = False) -> None:
        """Take note of a pod event. No I/O; a sick pod is looked at when its grace is over."""
        pod = parse(Pod, raw)
        if pod is None or not pod.metadata.name:
            return
        key = (pod.metadata.namespace, pod.metadata.name)
        if deleted:
            self._watchlist.forget(*key)
            self._cancel(key)
            return
        now = self._clock()
        due = self._watchlist.observe(pod, now)
        if due is None:
            self._cancel(key)
        elif key not in self._timers:
            self._look_at(key, (due - now).total_seconds())

    def hint(self, namespace: str, name: str) -> None:
        """Take note that an event speaks of trouble in a pod: look at it, in case we missed it."""
        key = (namespace, name)
        if namespace and name and key not in self._timers:
            self._look_at(key, 1.0)

    def _look_at(self, key: tuple[str, str], after: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(max(0.0, after), self._start, key)

    def _start(self, key: tuple[str, str]) -> None:
        self._timers.pop(key, None)
        task = asyncio.get_running_loop().create_task(self._look(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel(self, key: tuple[str, str]) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    async def _look(self, key: tuple[str, str]) -> None:
        """Read the pod again: what we saw may be old. Still sick after its grace: diagnose."""
        try:
            raw = await self._client.get(POD, *key)
            pod = parse(Pod, raw)
            now = self._clock()
            due = self._watchlist.observe(pod, now) if pod else None
            if due is None:
                return
            if due > now:
                self._look_at(key, (due - now).total_seconds())
                return
            await self._diagnose(raw)
            self._look_at(key, _AGAIN)
        except NotFoundError:
            self._watchlist.forget(*key)
        except ClusterError as error:
            log.warning("could not look at pod %s/%s: %s", *key, error)
            self._look_at(key, _RETRY)

    async def _diagnose(self, pod: Object) -> None:
        kind, owner = await top_owner(self._client, POD, pod)
        metadata = parse(Metadata, owner.get("metadata") or {}) or Metadata()
        lock = self._owner_locks.get(metadata.uid) or asyncio.Lock()
        self._owner_locks[metadata.uid] = lock
        async with lock:
            if await self._ignored(metadata):
                return
            name = self._next_name(
                await self._store.of_target(metadata.namespace, metadata.uid), metadata, owner
            )
            if name is None:
                return
            target = Target(
                api_version=kind.api_version,
                kind=kind.kind,
                name=metadata.name,
                uid=metadata.uid,
            )
            if await self._store.create(metadata.namespace, target, name):
                log.info("noticed %s %s/%s: Diagnosis %s", kind.kind, metadata.namespace,
                         metadata.name, name)  # fmt: skip

    async def _ignored(self, metadata: Metadata) -> bool:
        """Whether a human asked to leave the workload or its namespace alone."""
        if names.IGNORE in metadata.annotations or names.PAUSE in metadata.annotations:
            return True
        raw = await self._client.get(NAMESPACE, None, metadata.namespace)
        annotations = (raw.get("metadata") or {}).get("annotations") or {}
        return names.IGNORE in annotations or names.PAUSE in annotations

    def _next_name(self, known: list[Diagnosis], metadata: Metadata, owner: Object) -> str | None:
        """Return the name for a new Diagnosis; None where one already tells this story."""
        if not known:
            return names.diagnosis_name(metadata.name, metadata.uid)
        if any(d.status.state not in OVER for d in known) or not begins_anew(
            known[0], spec_hash(owner)
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
