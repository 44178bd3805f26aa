"""When no model is asked, and what a Diagnosis says about it instead."""

from datetime import datetime

from podiatrist.analyzers import LAST_RESORT, analyze
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api.conditions import Reason, drop_condition, has, reason_of, set_condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Consulting
from podiatrist.lifecycle.next_step import consulted
from podiatrist.lifecycle.options.agent_part import by_rules
from podiatrist.lifecycle.reverted import causes


def settle_unasked(
    consulting: Consulting, diagnosis: Diagnosis, snapshot: Snapshot, now: datetime
) -> bool:
    """Set Consulted=False where no model shall be asked; says whether it is settled now.

    What a model said, or failed to say, stays; that it was not needed may change with the
    findings.
    """
    if reason_of(diagnosis, "Consulted") in (Reason.NO_MODEL, Reason.NOT_NEEDED):
        drop_condition(diagnosis, "Consulted")
    if has(diagnosis, "Consulted", "Unknown"):
        return False  # it is under way
    if consulted(diagnosis):
        return True
    why = _why_not(consulting, diagnosis, snapshot)
    if why is None:
        return False
    set_condition(diagnosis, "Consulted", "False", *why, now)
    return True


def _why_not(
    consulting: Consulting, diagnosis: Diagnosis, snapshot: Snapshot
) -> tuple[Reason, str] | None:
    """Return why no model is asked, None where one shall be."""
    if consulting.unavailable is not None:
        return Reason.NO_MODEL, consulting.unavailable
    if diagnosis.spec.question is not None:
        return None
    reasons = {f.reason for f in by_rules(diagnosis.status.findings)}
    if not reasons and unfinished(snapshot) is None:
        return Reason.NOT_NEEDED, "the rules find nothing wrong, and nobody asked a question"
    if elsewhere := causes(diagnosis):
        cause = ", ".join(map(str, elsewhere))
        return Reason.NOT_NEEDED, f"the cause lies elsewhere: see {cause}"
    if consulting.policy == "asked":
        return Reason.NOT_NEEDED, "a model is asked only where a Diagnosis holds a question"
    symptoms = {result.finding.reason for result in analyze(snapshot, LAST_RESORT)}
    if consulting.policy == "unexplained" and reasons - symptoms - {"RuleFailed"}:
        return Reason.NOT_NEEDED, "the rules explain it"
    return None
