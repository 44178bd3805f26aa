"""Holds Diagnoses against what a case expects. Pure: no cluster, no clock."""

from collections.abc import Iterable, Iterator

from podiatrist.api.conditions import OVER
from podiatrist.api.diagnosis import Diagnosis, State
from tests.faults_runner.case import Case, Expectation


def target_of(diagnosis: Diagnosis) -> str:
    """Return whom a Diagnosis is about, as cases write it: `Deployment/web`."""
    return f"{diagnosis.spec.target.kind}/{diagnosis.spec.target.name}"


def said(diagnosis: Diagnosis) -> str:
    """Return all that a Diagnosis says in words, in lower case."""
    status = diagnosis.status
    messages = [finding.message for finding in status.findings]
    return "\n".join(filter(None, [status.summary, status.root_cause, *messages])).lower()


def wrongs(case: Case, diagnoses: list[Diagnosis], secrets: Iterable[str]) -> Iterator[str]:
    """Yield what must never be, at no moment of a case."""
    expected = {e.target: e for e in case.expect}
    seen: set[str] = set()
    for diagnosis in diagnoses:
        target = target_of(diagnosis)
        if target not in expected:
            yield f"{target} has a Diagnosis, and nothing is wrong with it"
        elif target in seen:
            yield f"{target} has more than one Diagnosis"
        seen.add(target)
        for text in expected[target].never_says if target in expected else []:
            if text.lower() in said(diagnosis):
                yield f"{target}: says {text!r}"
        yield from _unfounded(diagnosis)
        everything = diagnosis.model_dump_json(by_alias=True)
        yield from (f"{target}: repeats the Secret value {s!r}" for s in secrets if s in everything)


def _unfounded(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in diagnosis.status.findings:
        who = f"{target_of(diagnosis)}: finding {finding.reason}"
        if not finding.evidence:
            yield f"{who} has no evidence"
        for evidence in finding.evidence:
            if not evidence.quote.strip():
                yield f"{who} has an empty quote"
            if not evidence.source.strip():
                yield f"{who} does not say where its quote is from"


def undetected(case: Case, diagnoses: list[Diagnosis]) -> list[str]:
    """Return what is still missing: a Diagnosis, open and with a finding, for each target."""
    found = {target_of(d) for d in diagnoses if d.status.findings and d.status.state not in OVER}
    return [f"{e.target}: no open Diagnosis with a finding" for e in case.expect
            if e.target not in found]  # fmt: skip


def unnamed(case: Case, diagnoses: list[Diagnosis]) -> list[str]:
    """Return what the Diagnoses do not say yet of what is expected."""
    by_target = {target_of(d): d for d in diagnoses}
    return [
        f"{e.target}: {lack}"
        for e in case.expect
        if e.target in by_target
        for lack in _lacks(e, by_target[e.target], diagnoses)
    ]


def _lacks(
    expected: Expectation, diagnosis: Diagnosis, diagnoses: list[Diagnosis]
) -> Iterator[str]:
    reasons = [finding.reason for finding in diagnosis.status.findings]
    if reasons[:1] != expected.reasons[:1]:
        yield f"the first finding is {next(iter(reasons), 'none')}, not {expected.reasons[0]}"
    for reason in expected.reasons[1:]:
        if reason not in reasons:
            yield f"no finding {reason} among {', '.join(reasons)}"
    for text in expected.says:
        if text.lower() not in said(diagnosis):
            yield f"does not say {text!r}"
    if expected.related_to:
        named = {str(d.ref): target_of(d) for d in diagnoses}
        related = {named.get(str(ref), str(ref)) for ref in diagnosis.status.related_to}
        if related != set(expected.related_to):
            yield f"is related to {sorted(related)}, not to {sorted(expected.related_to)}"
    options, state = diagnosis.status.options, diagnosis.status.state
    if expected.options == "none" and (options or state != State.NEEDS_HUMAN):
        yield f"has {len(options)} option(s) in state {state}, not none and NeedsHuman"
    if expected.options == "some" and not any(o.preview and o.preview.ok for o in options):
        yield f"has no option whose dry run passed, of {len(options)}"
