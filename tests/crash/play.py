"""Plays one story in a namespace of its own, with executors of its own that meet faults."""

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from podiatrist.api import names
from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, Option, State
from podiatrist.cluster.client import Client
from podiatrist.cluster.kinds import DIAGNOSIS, NAMESPACE
from podiatrist.cluster.store import Store
from tests.crash.audit import Sent
from tests.crash.executors import Executor
from tests.crash.stories import Story
from tests.harness.api_faults import AtPoint
from tests.harness.faulty_api import Fault, FaultyApi, Written
from tests.harness.settings import SHORTENED

PATIENCE = 150.0
"""Seconds that a story may take; the longest waits are between attempts of a step that failed."""

_SETTLED = 1.5
"""Seconds after the end in which a second executor, or a late request, could still do harm."""

SETTINGS = {**SHORTENED, "PODIATRIST_GIVE_UP": "4"}


@dataclass(frozen=True)
class Ending:
    """All that must be as if nothing had gone wrong."""

    state: str
    conditions: tuple[str, ...]
    progress: str
    diagnoses: int
    spec: str
    annotations: tuple[str, ...]
    changes: tuple[str, ...] = ()
    """What the API server did for the executors, by its audit log, with how often."""

    def differences(self, calm: "Ending") -> list[str]:
        """Return what is not as in the run without faults."""
        return [
            f"{name}: {mine}\n    without faults: {other}"
            for name, mine in vars(self).items()
            if mine != (other := getattr(calm, name))
        ]


@dataclass
class Played:
    """One story that was played."""

    story: Story
    namespace: str
    ending: Ending
    seconds: float
    writes: list[Written] = field(repr=False)
    told: str = field(repr=False)
    """The Diagnosis in the end, for whoever looks for the reason of a failure."""
    met: bool = True
    """Whether every fault had its occasion."""
    repeated: tuple[str, ...] = ()
    """Changes that were made more than once, byte by byte."""

    def log(self) -> list[str]:
        """Return what the executors wrote, in order, with the answers."""
        return [f"{w.write.title} -> {w.status or 'cut'}" for w in self.writes]

    def audited(self, sent: Sent) -> None:
        """Add what the audit log says."""
        kinds: Counter[str] = Counter()
        for change, times in sent.items():
            kinds[change.partition(" #")[0]] += times
        changes = tuple(f"{times} x {kind}" for kind, times in sorted(kinds.items()))
        self.ending = Ending(**{**vars(self.ending), "changes": changes})
        self.repeated = tuple(change for change, times in sent.items() if times > 1)


class Stage:
    """Where stories are played: a cluster as its admin sees it, and the executor's identity."""

    def __init__(self, client: Client, identity: Path, folder: Path) -> None:
        self._client, self._identity, self._folder = client, identity, folder

    async def play(self, story: Story, faults: Sequence[Fault]) -> Played:
        """Play a story to its end, with one executor for each fault."""
        begun = time.monotonic()
        namespace = f"crash-{secrets.token_hex(4)}"
        async with AsyncExitStack() as cleanup:
            await self._prepare(cleanup, namespace, story)
            proxies = [await self._executor(cleanup, namespace, n, f) for n, f in enumerate(faults)]
            found = await self._to_the_end(namespace, story, begun + PATIENCE)
            ending, told = await self._ending(namespace, story, found)
        writes = [written for proxy in proxies for written in proxy.writes]
        met = all(fault.happened for fault in faults if isinstance(fault, AtPoint))
        seconds = time.monotonic() - begun
        return Played(story, namespace, ending, seconds, writes, told, met)

    async def _prepare(self, cleanup: AsyncExitStack, namespace: str, story: Story) -> None:
        body = {"metadata": {"name": namespace, "labels": story.labels}}
        await self._client.create(NAMESPACE, None, body)
        cleanup.push_async_callback(self._client.delete, NAMESPACE, None, namespace, {})
        await self._client.create(story.kind, namespace, story.workload)

    async def _executor(
        self, cleanup: AsyncExitStack, namespace: str, number: int, fault: Fault
    ) -> FaultyApi:
        """Start an executor behind a proxy of its own."""
        proxy = await cleanup.enter_async_context(FaultyApi(self._identity, namespace, fault))
        name = f"{namespace}-{number}"
        kubeconfig = proxy.kubeconfig(self._folder, name)
        executor = Executor(kubeconfig, self._folder / f"{name}.log", SETTINGS)
        proxy.kill = executor.kill
        cleanup.push_async_callback(executor.stop)
        return proxy

    async def _to_the_end(self, namespace: str, story: Story, until: float) -> Diagnosis | None:
        """Approve as soon as it can be, and wait for the end; None: there is no Diagnosis."""
        approved, diagnosis = False, None
        while time.monotonic() < until:
            diagnosis = next(iter(await Store(self._client).in_namespace(namespace)), None)
            if diagnosis is not None:
                if diagnosis.status.state in OVER:
                    break
                option = story.option(diagnosis.status.options)
                tried = all(o.preview for o in diagnosis.status.options)
                waits = diagnosis.status.state == State.AWAITING_APPROVAL
                if option is not None and tried and waits and not approved:
                    await self._approve(diagnosis, option)
                    approved = True
            await asyncio.sleep(0.4)
        await asyncio.sleep(_SETTLED)
        return diagnosis

    async def _approve(self, diagnosis: Diagnosis, option: Option) -> None:
        """Do what `kubectl annotate` does."""
        body = {"metadata": {"annotations": {names.APPROVE: option.digest}}}
        await self._client.merge_patch(DIAGNOSIS, *diagnosis.key, body)

    async def _ending(
        self, namespace: str, story: Story, diagnosis: Diagnosis | None
    ) -> tuple[Ending, str]:
        if diagnosis is None:
            return Ending("none", (), "", 0, "", ()), "no Diagnosis was made"
        diagnoses = await Store(self._client).in_namespace(namespace)
        diagnosis = diagnoses[-1]
        status = diagnosis.status
        execution = status.execution
        name = story.workload["metadata"]["name"]
        workload = await self._client.get(story.kind, namespace, name)
        ending = Ending(
            state=str(status.state),
            conditions=tuple(sorted(f"{c.type}={c.status}/{c.reason}" for c in status.conditions)),
            progress=f"{execution.applied} applied, {execution.undone} undone" if execution else "",
            diagnoses=len(diagnoses),
            spec=json.dumps(workload["spec"], sort_keys=True),
            annotations=tuple(sorted(workload["metadata"].get("annotations") or {})),
        )
        return ending, status.model_dump_json(indent=1, by_alias=True, exclude_none=True)
