"""Turns findings into what a human decides on: a summary, and options compiled to the byte."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from podiatrist.actions.base import ActionError
from podiatrist.actions.catalog import to_record
from podiatrist.actions.compiler import (
    Plan,
    Proposal,
    compile_plan,
    digest_of,
    objects_needed,
)
from podiatrist.actions.scope import check_scope
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Finding, Option, Severity
from podiatrist.cluster.kinds import NODE, WORKLOADS
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.options.repository import repository_of
from podiatrist.lifecycle.options.secret_words import check_words
from podiatrist.lifecycle.verification.checks import checks_for

log = logging.getLogger(__name__)

MOST_OPTIONS = 4
MOST_FINDINGS = 12
"""Of the rules; what a model adds has room beside them."""
_LONGEST_NAME = 200
"""Characters of a target's name: a check that names it must fit into its line uncut."""


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
    fits = [fit for result, p in _in_turn(results) if (fit := _fit(snapshot, result, p))]
    options: dict[str, Option] = {}
    for fit in fits:
        answered = dict.fromkeys(f.reason for f in fits if f.plan.digest == fit.plan.digest)
        option = _option(snapshot, fit.proposal, fit.plan, list(answered), soak)
        options.setdefault(option.digest, option)
    return list(options.values())[:MOST_OPTIONS]


@dataclass(frozen=True)
class _Fit:
    """A proposal that can be carried out; its plan promises nothing yet."""

    proposal: Proposal
    plan: Plan
    reason: str


def _fit(snapshot: Snapshot, result: Result, proposal: Proposal) -> _Fit | None:
    plan = _plan(snapshot, proposal)
    return _Fit(proposal, plan, result.finding.reason) if plan else None


def _in_turn(results: list[Result]) -> list[tuple[Result, Proposal]]:
    """Return first the best proposal of each finding, then the second best, and so on."""
    depth = max((len(r.proposals) for r in results), default=0)
    return [(r, r.proposals[i]) for i in range(depth) for r in results if i < len(r.proposals)]


def compile_option(snapshot: Snapshot, proposal: Proposal, soak: int) -> Option | None:
    """Return a proposal that answers no finding as an option, None where it does not fit.

    No rule stands behind it: it counts as help only if all of them fall silent.
    """
    plan = _plan(snapshot, proposal)
    return _option(snapshot, proposal, plan, [], soak) if plan else None


def _plan(snapshot: Snapshot, proposal: Proposal) -> Plan | None:
    """Return what a proposal would do to the cluster as it is, None where it does not fit."""
    try:
        if len(snapshot.metadata.name) > _LONGEST_NAME:
            raise ActionError(f"a name of over {_LONGEST_NAME} characters fits into no check")
        for action in proposal.actions:
            check_scope(action, snapshot.target, snapshot.template)
            check_words(action, snapshot.template)
        live = {ref: snapshot.find(ref) for ref in objects_needed(proposal.actions)}
        return compile_plan(
            proposal.actions,
            {ref: raw for ref, raw in live.items() if raw is not None},
            target_uid=snapshot.metadata.uid,
            target_spec_hash=spec_hash(snapshot.target_raw),
            checks=(),
        )
    except ActionError as error:
        log.info("left out %r for %s: %s", redact(proposal.title), snapshot.target, error)
        return None


def _option(
    snapshot: Snapshot, proposal: Proposal, plan: Plan, reasons: list[str], soak: int
) -> Option:
    checks = checks_for(snapshot.kind, snapshot.metadata.name, reasons, soak)
    uid, hashed = snapshot.metadata.uid, spec_hash(snapshot.target_raw)
    there = {p.object: raw for p in plan.patches if (raw := snapshot.find(p.object)) is not None}
    return Option(
        digest=digest_of(uid, hashed, plan.patches, plan.inverse, checks),
        title=redact(proposal.title),
        rationale=redact(proposal.rationale),
        risk=proposal.overall_risk,
        actions=[to_record(action) for action in proposal.actions],
        writes=plan.writes,
        commands=plan.commands,
        diff=plan.diff,
        checks=checks,
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
    ready = any(pod.ready for pod in snapshot.pods)
    return Severity.WARNING if ready else Severity.CRITICAL


def root_cause(findings: Sequence[Finding]) -> str:
    """Return the findings as a short paragraph."""
    return " ".join(f"{f.message.rstrip('.')}." for f in findings[:3])
