"""Diagnoses that stand still though it is Podiatrist's turn."""

from datetime import datetime, timedelta

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.doctor.checks.workloads import logs
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_DIAGNOSES = Chart("diagnoses")

_LONG = timedelta(minutes=20)
"""Longer than a consultation, or a fix that is verified, takes by the default settings."""

_MOST = 3
"""Diagnoses that are named."""

_TURN = {
    State.INVESTIGATING: "operator",
    State.EXECUTING: "executor",
    State.VERIFYING: "executor",
}
"""Whose turn it is."""


def check_diagnoses(installation: Installation) -> list[Verdict]:
    """Say which Diagnoses have not moved for long, and whose turn it is."""
    found = installation.diagnoses
    if isinstance(found, Hidden):
        return _DIAGNOSES.unknown([found])
    stuck = [d for d in found if _turn(d) and installation.age(_moved(d)) > _LONG]
    told = [_verdict(role, [d for d in stuck if _turn(d) == role]) for role in _roles(stuck)]
    return told or [_DIAGNOSES.ok(f"{len(found)}, none of them stuck")]


def _roles(stuck: list[Diagnosis]) -> list[str]:
    return sorted({role for d in stuck if (role := _turn(d)) is not None})


def _turn(diagnosis: Diagnosis) -> str | None:
    """Return who has to move, None where it waits for a human or is over."""
    if diagnosis.annotation(names.PAUSE) is not None:
        return None
    state = diagnosis.status.state or State.INVESTIGATING
    if state is State.AWAITING_APPROVAL:
        untried = any(option.preview is None for option in diagnosis.status.options)
        return "executor" if untried else None
    return _TURN.get(state)


def _moved(diagnosis: Diagnosis) -> datetime | None:
    """Return when something last happened to it."""
    moments = [c.last_transition_time for c in diagnosis.status.conditions]
    created = diagnosis.metadata.creation_timestamp
    return max([*moments, created] if created else moments, default=None)


def _verdict(role: str, stuck: list[Diagnosis]) -> Verdict:
    named = ", ".join(f"{d.metadata.namespace}/{d.metadata.name}" for d in stuck[:_MOST])
    more = f" and {len(stuck) - _MOST} more" if len(stuck) > _MOST else ""
    minutes = int(_LONG.total_seconds() // 60)
    return _DIAGNOSES.warning(
        f"waiting for the {role} for more than {minutes} minutes: {named}{more}",
        logs(role),
    )
