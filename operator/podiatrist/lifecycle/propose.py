"""Turns findings into what a human decides on: a summary, and options compiled to the byte."""

import logging
from collections.abc import Iterable, Sequence

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import to_record
from podiatrist.actions.compiler import Proposal, compile_plan, objects_needed
from podiatrist.actions.scope import check_scope
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Finding, Option, Severity
from podiatrist.cluster.kinds import NODE, WORKLOADS
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.repository import repository_of

log = logging.getLogger(__name__)

MOST_OPTIONS = 4
MOST_FINDINGS = 12
"""Of the rules; what a model adds has room beside them."""


def checks(soak: int) -> list[str]:
    """Return what must hold after a fix; `soak` is in seconds."""
    return ["rollout complete", f"symptom gone for {soak}s"]


def soak_seconds(option_checks: Iterable[str]) -> int:
    """Return the soak time that the approved option promised; 0 where it promised none."""
    for check in option_checks:
        words = check.removeprefix("symptom gone for ")
        if words != check and words.removesuffix("s").isdigit():
            return int(words.removesuffix("s"))
    return 0


def told(results: list[Result]) -> list[Finding]:
    """Return the findings as they are written down: bounded in number, without secrets.

    A command or a variable that a finding quotes may hold a password.
    """
    return [redacted(r.finding) for r in results[:MOST_FINDINGS]]


def redacted(finding: Finding) -> Finding:
    """Return a finding without secrets."""
    evidence = [e.model_copy(update={"quote": redact(e.quote)}) for e in finding.evidence]
    update = {"message": redact(finding.message), "evidence": evidence}
    return finding.model_copy(update=update)


def offer_options(snapshot: Snapshot, results: list[Result], soak: int) -> list[Option]:
    """Compile the proposals of all findings, the best first; what does not fit is left out.

    Where something else is to blame there is nothing to mend here: the fix belongs to the cause.
    """
    if results and results[0].cause is not None:
        return []
    options: dict[str, Option] = {}
    for proposal in _in_turn(results):
        option = compile_option(snapshot, proposal, soak)
        if option is not None:
            options.setdefault(option.digest, option)
    return list(options.values())[:MOST_OPTIONS]


def _in_turn(results: list[Result]) -> list[Proposal]:
    """Return first the best proposal of each finding, then the second best, and so on."""
    depth = max((len(r.proposals) for r in results), default=0)
    return [r.proposals[i] for i in range(depth) for r in results if i < len(r.proposals)]


def compile_option(snapshot: Snapshot, proposal: Proposal, soak: int) -> Option | None:
    """Return a proposal as an option, None where it does not fit the cluster as it is."""
    try:
        return _compile(snapshot, proposal, soak)
    except ActionError as error:
        log.info("left out %r for %s: %s", proposal.title, snapshot.target, error)
        return None


def _compile(snapshot: Snapshot, proposal: Proposal, soak: int) -> Option:
    for action in proposal.actions:
        check_scope(action, snapshot.target, snapshot.template)
    live = {ref: snapshot.find(ref) for ref in objects_needed(proposal.actions)}
    promised = checks(soak)
    there = {ref: raw for ref, raw in live.items() if raw is not None}
    plan = compile_plan(
        proposal.actions,
        there,
        target_uid=snapshot.metadata.uid,
        target_spec_hash=spec_hash(snapshot.target_raw),
        checks=promised,
    )
    return Option(
        digest=plan.digest,
        title=proposal.title,
        rationale=proposal.rationale,
        risk=proposal.overall_risk,
        actions=[to_record(action) for action in proposal.actions],
        writes=plan.writes,
        commands=plan.commands,
        diff=plan.diff,
        checks=promised,
        repository=repository_of(plan, there),
    )


def severity(snapshot: Snapshot) -> Severity:
    """Return Critical where a workload has no ready pod or a node is lost, Warning otherwise."""
    if snapshot.kind is NODE:
        lost = any(
            c.type == "Ready" and c.status != "True"
            for node in snapshot.nodes
            if node.metadata.name == snapshot.metadata.name
            for c in node.status.conditions
        )
        return Severity.CRITICAL if lost else Severity.WARNING
    if snapshot.kind not in WORKLOADS:
        return Severity.WARNING
    ready = any(
        c.type == "Ready" and c.status == "True" for p in snapshot.pods for c in p.status.conditions
    )
    return Severity.WARNING if ready else Severity.CRITICAL


def root_cause(findings: Sequence[Finding]) -> str:
    """Return the findings as a short paragraph."""
    return " ".join(f"{f.message.rstrip('.')}." for f in findings[:3])
