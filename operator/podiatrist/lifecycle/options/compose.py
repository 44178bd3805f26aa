"""Writes into a status what was found, by rules and by a model: causes, options, the summary.

The rules' words come first. What a model adds is told as the model's.
"""

from collections.abc import Sequence
from datetime import datetime

from podiatrist.agent.consultation.report import MOST_CLAIMS
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api.conditions import Reason, drop_condition, set_condition
from podiatrist.api.diagnosis import Diagnosis, Finding, Option, Severity
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.options.propose import root_cause, severity


def compose(
    diagnosis: Diagnosis,
    snapshot: Snapshot,
    rules: Sequence[Finding],
    agent: Sequence[Finding],
    options: Sequence[Option],
    now: datetime,
) -> None:
    """Set findings, options and what is told of them, in place."""
    status, agent = diagnosis.status, agent[:MOST_CLAIMS]
    status.findings = [*rules, *agent]
    status.options = _with_previews(options, status.options)
    if any(option.preview is None for option in status.options) or not status.options:
        drop_condition(diagnosis, "Previewed")
    offered = {option.digest for option in status.options}
    status.superseded = [digest for digest in status.superseded if digest not in offered]
    waits = unfinished(snapshot)
    if rules:
        status.severity = severity(snapshot)
        status.summary = rules[0].message
        more = f" The model adds: {root_cause(agent[:1])}" if agent else ""
        status.root_cause = root_cause(rules) + more
        message = f"{len(rules)} finding(s), {len(status.options)} option(s)"
        set_condition(diagnosis, "Diagnosed", "True", Reason.CAUSE_FOUND, message, now)
        return
    nothing = f"no rule explains it: {waits}" if waits else "nothing is wrong with it"
    status.severity = severity(snapshot) if agent and waits else Severity.INFO
    status.summary = agent[0].message if agent else nothing
    status.root_cause = f"The model says: {root_cause(agent)}" if agent else None
    if agent and not waits:
        nothing = "no rule finds anything wrong with it"
    set_condition(diagnosis, "Diagnosed", "True", Reason.NOTHING_FOUND, nothing, now)


def _with_previews(options: Sequence[Option], before: Sequence[Option]) -> list[Option]:
    """Keep an option whole that passed its dry run and is offered again; others are tried anew.

    From then on it is the executor's word, to the last letter: what a human was shown must not
    change under his hands, and admission lets no operator change it.
    """
    tried = {
        (o.digest, o.repository is None): o
        for o in before
        if o.preview is not None and o.preview.ok
    }
    return [tried.get((o.digest, o.repository is None), o) for o in options]
