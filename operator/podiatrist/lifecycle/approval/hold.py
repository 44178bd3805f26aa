"""Stands still while the kill switch is thrown, in the middle of an execution or a rollback."""

from podiatrist.api.conditions import ConditionType, condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.context import Context

_MARK = " (held: "

LOOK_AGAIN = 2.0
"""Seconds between two looks whether it is still thrown."""


async def hold(context: Context, diagnosis: Diagnosis, kind: ConditionType, why: str) -> float:
    """Say in a condition that nothing is written now; returns when to look again, in seconds."""
    found = condition(diagnosis.status, kind)
    if found is not None:
        message = f"{without_hold(found.message)}{_MARK}{why})"
        if found.message != message:
            found.message = message
            await context.store.write_status(diagnosis)
    return LOOK_AGAIN


def without_hold(message: str) -> str:
    """Return a condition's message without what `hold` added."""
    return message.split(_MARK, maxsplit=1)[0]


def is_held(message: str) -> bool:
    """Whether a condition's message says that it stands still."""
    return _MARK in message
