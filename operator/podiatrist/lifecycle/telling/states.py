"""Tells what was found: Events when a Diagnosis comes into a state that people wait for.

Who looks at the sick workload with `kubectl describe` then learns that there is a Diagnosis of it.
"""

import logging
from collections.abc import Awaitable, Callable

from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.events import OPERATOR, Announced
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.telling.announce import both, write_all

log = logging.getLogger(__name__)

_ACTIONS = {
    State.AWAITING_APPROVAL: "Diagnose",
    State.NEEDS_HUMAN: "Diagnose",
    State.RESOLVED: "Recheck",
}
"""The states that are told, their names being the reasons of the Events; the action of each."""

StepFunction = Callable[[Context, Diagnosis], Awaitable[float | None]]


def telling_state(step: StepFunction, reporter: str = OPERATOR) -> StepFunction:
    """Return a step that, once its result is written, tells of the state it led to."""

    async def told(context: Context, diagnosis: Diagnosis) -> float | None:
        before = diagnosis.status.state
        after = await step(context, diagnosis)
        await _tell(context, diagnosis, before, reporter)
        return after

    return told


def telling_state_of_stored(step: StepFunction) -> StepFunction:
    """Return a step that writes another reading than its own, and tells of the state after it."""

    async def told(context: Context, diagnosis: Diagnosis) -> float | None:
        before = diagnosis.status.state
        after = await step(context, diagnosis)
        try:
            stored = await context.store.get(*diagnosis.key)
        except ClusterError as error:
            log.warning("%s/%s: what was found is not announced: %s", *diagnosis.key, error)
            return after
        if stored is not None and stored.metadata.uid == diagnosis.metadata.uid:
            await _tell(context, stored, before, OPERATOR)
        return after

    return told


async def _tell(
    context: Context, diagnosis: Diagnosis, before: State | None, reporter: str
) -> None:
    state = diagnosis.status.state
    if state != before and state in _ACTIONS:
        await write_all(context, diagnosis, found(context, diagnosis, state, reporter))


def found(
    context: Context, diagnosis: Diagnosis, state: State, reporter: str
) -> tuple[Announced, ...]:
    """Return the Events that tell of a state, on the Diagnosis and on its target.

    A state that comes back while the target and what was asked are the same is the same Event: the
    API server keeps the first for an hour, and rechecks do not fill `kubectl describe`.
    """
    status = diagnosis.status
    spec = status.observed_target.spec_hash if status.observed_target else ""
    return tuple(
        Announced(
            about=about,
            uid=uid,
            reason=state.value,
            action=_ACTIONS[state],
            message=_message(diagnosis, state),
            warning=state is not State.RESOLVED,
            at=context.clock(),
            key=f"{diagnosis.metadata.uid}/{spec}/{status.handled_retry or ''}",
            reporter=reporter,
        )
        for about, uid in both(diagnosis)
    )


def _message(diagnosis: Diagnosis, state: State) -> str:
    """Return what is told. The status holds no secret: what goes into it was redacted."""
    namespace, name = diagnosis.key
    if state is State.RESOLVED:
        why = condition(diagnosis.status, "Verified")
        return f"Diagnosis {name}: {why.message if why else 'it is over'}"
    summary = diagnosis.status.summary or "see its conditions"
    count = len(diagnosis.status.options)
    offer = f"{count} fix(es) to approve" if state is State.AWAITING_APPROVAL else "no fix to offer"
    look = f"kubectl -n {namespace} describe diagnosis {name}"
    return f"Diagnosis {name}: {summary}; {offer}, see: {look}"
