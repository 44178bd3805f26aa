"""Carries steps out: one Diagnosis at a time by itself, several side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.errors import ClusterError, ConflictError, NotFoundError
from podiatrist.cluster.work_queue import WorkQueue
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.execute import execute
from podiatrist.lifecycle.investigate import investigate, recheck
from podiatrist.lifecycle.judge_approval import judge_approval
from podiatrist.lifecycle.next_step import EXECUTOR_STEPS, OPERATOR_STEPS, Step, next_steps
from podiatrist.lifecycle.preview import preview
from podiatrist.lifecycle.reject import reject
from podiatrist.lifecycle.verify import roll_back, verify

log = logging.getLogger(__name__)

Key = tuple[str, str]
StepFunction = Callable[[Context, Diagnosis], Awaitable[float | None]]

STEPS: Mapping[Step, StepFunction] = {
    Step.INVESTIGATE: investigate,
    Step.RECHECK: recheck,
    Step.REJECT: reject,
    Step.PREVIEW: preview,
    Step.JUDGE_APPROVAL: judge_approval,
    Step.EXECUTE: execute,
    Step.VERIFY: verify,
    Step.ROLL_BACK: roll_back,
}

_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0
"""Seconds before a failed step is tried again: doubled each time, up to a minute."""


class Worker:
    """Does the steps of one role."""

    def __init__(self, context: Context, role: frozenset[Step]) -> None:
        self._context = context
        self._role = role
        self._failures: dict[Key, int] = {}
        self.queue: WorkQueue[Key] = WorkQueue()

    async def run(self, side_by_side: int = 8) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(side_by_side):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                after = await self._advance(key)
                self._failures.pop(key, None)
            except ConflictError:
                after = 0.05  # somebody else wrote: read and decide again
            except NotFoundError:
                after = None  # deleted under our hands: its story is over
            except ClusterError as error:
                after = self._backoff(key)
                log.warning("%s/%s: %s; again in %.0fs", *key, error, after)
            except Exception:
                after = self._backoff(key)
                log.exception("%s/%s failed; again in %.0fs", *key, after)
            finally:
                self.queue.done(key)
            if after is not None:
                self.queue.add(key, after)

    def _backoff(self, key: Key) -> float:
        tried = self._failures.get(key, 0)
        self._failures[key] = tried + 1
        return float(min(_FIRST_RETRY * 2**tried, _LAST_RETRY))

    async def _advance(self, key: Key) -> float | None:
        """Do the next step of one Diagnosis; returns when to look at it again."""
        diagnosis = await self._context.store.get(*key)
        if diagnosis is None:
            return None
        step = next((s for s in next_steps(diagnosis) if s in self._role), None)
        if step is None:
            return None
        log.debug("%s/%s: %s", *key, step)
        after = await STEPS[step](self._context, diagnosis)
        return 0.0 if after is None else after


def operator_worker(context: Context) -> Worker:
    """Return the worker that looks and proposes."""
    return Worker(context, OPERATOR_STEPS)


def executor_worker(context: Context) -> Worker:
    """Return the worker that previews, executes, verifies and rolls back."""
    return Worker(context, EXECUTOR_STEPS)
