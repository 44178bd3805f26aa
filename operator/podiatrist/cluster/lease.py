"""A Lease of the API server: of several processes of one role, one holds it and does the work.

The rules are those of client-go's leader election. A holder that stops renewing loses it after
`duration`, measured by each candidate on its own clock from when it last saw the Lease change:
clocks need not agree. What is at stake is double work, never a double write: each write to the
cluster is guarded by itself (docs/security.md), so a Lease that was lost unnoticed harms nothing.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, ConflictError, NotFoundError
from podiatrist.cluster.kinds import LEASE, Object

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeaseTimes:
    """The times of a Lease, in seconds."""

    duration: float = 10.0
    """How long a Lease that nobody renews is still respected."""
    deadline: float = 7.0
    """How long a holder that cannot renew goes on; less than `duration`, so that it has stopped
    before anybody else begins."""
    retry: float = 2.0
    """Between two attempts to get or to renew it."""


class Lease:
    """One Lease in namespace podiatrist, as one candidate sees it."""

    def __init__(
        self,
        client: Client,
        name: str,
        identity: str,
        times: LeaseTimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.identity = identity
        self.times = times
        self.holder = ""
        """Who holds it, as far as known."""
        self._client = client
        self._clock = clock
        self._seen: tuple[str, str] = ("", "")
        self._seen_at = 0.0

    async def hold(self) -> bool:
        """Get or renew it; False where somebody else has it. Raises ClusterError."""
        try:
            stored = await self._client.get(LEASE, names.NAMESPACE, self.name)
        except NotFoundError:
            return await self._create()
        spec = stored.get("spec") or {}
        self.holder = str(spec.get("holderIdentity") or "")
        seen = (self.holder, str(spec.get("renewTime") or ""))
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._clock()
        expired = self._clock() - self._seen_at >= self.times.duration
        if self.holder not in ("", self.identity) and not expired:
            return False
        return await self._replace(stored, self.identity)

    async def release(self) -> None:
        """Give it back, so that the next one need not wait. Never raises ClusterError."""
        try:
            stored = await self._client.get(LEASE, names.NAMESPACE, self.name)
            if (stored.get("spec") or {}).get("holderIdentity") == self.identity:
                await self._replace(stored, "")
        except ClusterError as error:
            log.warning("Lease %s is not given back, and runs out: %s", self.name, error)

    async def _create(self) -> bool:
        body: Object = {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {
                "name": self.name,
                "namespace": names.NAMESPACE,
                "labels": dict(names.LABELS),
            },
            "spec": self._spec({}, self.identity),
        }
        try:
            await self._client.create(LEASE, names.NAMESPACE, body)
        except ConflictError:
            return False
        self.holder = self.identity
        return True

    async def _replace(self, stored: Object, holder: str) -> bool:
        """Write who holds it; False where somebody was faster (compare-and-swap)."""
        body = {**stored, "spec": self._spec(stored.get("spec") or {}, holder)}
        try:
            await self._client.replace(LEASE, names.NAMESPACE, self.name, body)
        except ConflictError:
            return False
        self.holder = holder
        return True

    def _spec(self, old: Object, holder: str) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        same = old.get("holderIdentity") == holder
        changes = int(old.get("leaseTransitions") or 0) + (0 if same or not holder else 1)
        return {
            **old,
            "holderIdentity": holder,
            "leaseDurationSeconds": round(self.times.duration),
            "acquireTime": old.get("acquireTime", now) if same else now,
            "renewTime": now,
            "leaseTransitions": changes,
        }
