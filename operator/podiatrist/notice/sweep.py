"""Every few minutes: what no feed shows. Silent faults, and Diagnoses that are history."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    HPA,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    NODE,
    PDB,
    PVC,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from podiatrist.cluster.objects import (
    Autoscaler,
    Claim,
    CronJob,
    DisruptionBudget,
    EndpointSlice,
    Ingress,
    Job,
    NetworkPolicy,
    Node,
    Service,
    T,
    Workload,
)
from podiatrist.cluster.surroundings import Surroundings
from podiatrist.notice.housekeeping import Housekeeping
from podiatrist.notice.noticer import Noticer
from podiatrist.notice.owners import Target
from podiatrist.notice.suspects import Reading, suspects

log = logging.getLogger(__name__)

_FIRST = 5.0
"""Seconds from the start to the first sweep: the feeds list first."""


_NOW_AND_THEN = 5
"""Sweeps between two looks at what stays suspicious."""


class Sweep:
    """Reads slim lists of the whole cluster, and hands what is suspicious to the noticer."""

    def __init__(
        self,
        client: Client,
        surroundings: Surroundings,
        noticer: Noticer,
        housekeeping: Housekeeping,
        clock: Callable[[], datetime],
        *,
        every: float,
        grace: float,
    ) -> None:
        self._client = client
        self._surroundings = surroundings
        self._noticer = noticer
        self._housekeeping = housekeeping
        self._clock = clock
        self._every = every
        self._grace = grace
        self._seen: dict[Target, int] = {}

    async def run(self) -> None:
        """Sweep until cancelled; `every` and `grace` are in seconds."""
        await asyncio.sleep(min(_FIRST, self._every))
        while True:
            try:
                await self.once()
                await self._housekeeping.once()
            except ClusterError as error:
                log.warning("the sweep could not read the cluster: %s", error)
            except Exception:
                log.exception("the sweep failed")
            await asyncio.sleep(self._every)

    async def once(self) -> None:
        """Look through the cluster once.

        A new suspect is looked at when its grace is over, and at the next sweep; one that stays
        a suspect, now and then: most of those are fine, or have their Diagnosis.
        """
        found = set(suspects(await self._read(), self._clock()))
        self._seen = {target: self._seen.get(target, -1) + 1 for target in found}
        for target, times in sorted(self._seen.items()):
            if times == 0:
                self._noticer.suspect(target, self._grace)
            elif times == 1 or times % _NOW_AND_THEN == 0:
                self._noticer.suspect(target)

    async def _read(self) -> Reading:
        deployments, stateful, daemons = [
            await self._list(kind, Workload) for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
        ]
        for kind, found in (
            (DEPLOYMENT, deployments),
            (STATEFUL_SET, stateful),
            (DAEMON_SET, daemons),
        ):
            for workload in found:  # items of a list do not say their kind
                workload.api_version, workload.kind = kind.api_version, kind.kind
        return Reading(
            workloads=[*deployments, *stateful, *daemons],
            pods=await self._surroundings.pods(),
            services=await self._list(SERVICE, Service),
            endpoint_slices=await self._list(ENDPOINT_SLICE, EndpointSlice),
            ingresses=await self._list(INGRESS, Ingress),
            claims=await self._list(PVC, Claim),
            autoscalers=await self._list(HPA, Autoscaler),
            budgets=await self._list(PDB, DisruptionBudget),
            cron_jobs=await self._list(CRON_JOB, CronJob),
            jobs=await self._list(JOB, Job),
            policies=await self._list(NETWORK_POLICY, NetworkPolicy),
            nodes=await self._list(NODE, Node),
        )

    async def _list(self, kind: Kind, struct: type[T]) -> list[T]:
        try:
            return await self._client.list_typed(kind, struct)
        except (NotFoundError, RefusedError) as error:
            log.debug("the sweep skips %s: %s", kind.plural, error)
            return []
