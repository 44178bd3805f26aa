"""Steps `investigate` and `recheck`: look at the target, and write down what is wrong with it.

Both are one look; they differ in what was known before. A look that finds what the Diagnosis
already says writes nothing.
"""

from datetime import datetime

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api import names
from podiatrist.api.conditions import (
    Reason,
    condition,
    drop_condition,
    has,
    set_condition,
)
from podiatrist.api.diagnosis import Diagnosis, Finding, ObservedTarget, Option
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.next_step import consulted, retry_asked, token
from podiatrist.lifecycle.options.agent_part import by_agent, by_rules, joined, kept_options
from podiatrist.lifecycle.options.compose import compose
from podiatrist.lifecycle.options.propose import MOST_FINDINGS, offer_options, told
from podiatrist.lifecycle.related import related
from podiatrist.lifecycle.reverted import causes, tell_taken_back
from podiatrist.lifecycle.unasked import settle_unasked

_MOST_SUPERSEDED = 16


async def investigate(context: Context, diagnosis: Diagnosis) -> float | None:
    """Look at the target and write findings and options.

    Returns the seconds until the next look, None when there is something else to do at once.
    """
    now, status = context.clock(), diagnosis.status
    asked_anew = retry_asked(diagnosis)
    snapshot = await _look(context, diagnosis)
    if snapshot is None:
        await context.store.write_status(diagnosis)
        return None
    if not diagnosis.metadata.owner_references:
        await context.store.adopt(diagnosis, snapshot.metadata.uid)
    results = analyze(snapshot)
    said: list[Finding] = []
    if asked_anew or not is_as_observed(diagnosis, snapshot):
        drop_condition(diagnosis, "Consulted")
        options = offer_options(snapshot, results, context.timing.soak)
    else:
        said = by_agent(status.findings)
        options = _options(context, diagnosis, snapshot, results)
    _forget_past(diagnosis)
    status.observed_target = observe(snapshot)
    status.related_to = await related(context, diagnosis, results)
    compose(diagnosis, snapshot, told(results), said, options, now)
    await tell_taken_back(context, diagnosis, snapshot)
    _point_out_handled_approval(diagnosis, now)
    settle_unasked(context.consulting, diagnosis, snapshot, now)
    await context.store.write_status(diagnosis)
    return None


async def recheck(context: Context, diagnosis: Diagnosis) -> float | None:
    """Look again while a human thinks: the target may change, vanish or heal by itself."""
    snapshot = await _look(context, diagnosis)
    if snapshot is None:
        await context.store.write_status(diagnosis)
        return None
    if not is_as_observed(diagnosis, snapshot):
        await investigate(context, diagnosis)
        return _pause(context, diagnosis)
    results = analyze(snapshot)
    if not results and unfinished(snapshot) is None:
        if _is_open_question(diagnosis):
            return _pause(context, diagnosis)
        return await _heal(context, diagnosis)
    changed = condition(diagnosis.status, "Verified") is not None
    drop_condition(diagnosis, "Verified")
    if results:
        options = _options(context, diagnosis, snapshot, results)
        before = [f.reason for f in by_rules(diagnosis.status.findings)]
        if (
            [r.finding.reason for r in results][:MOST_FINDINGS] != before
            or _offers(options) != _offers(diagnosis.status.options)
            or await related(context, diagnosis, results) != causes(diagnosis)
        ):
            # Never at once: two operators of different settings would answer each other for ever.
            await investigate(context, diagnosis)
            return _pause(context, diagnosis)
    if changed:
        await context.store.write_status(diagnosis)
    return _pause(context, diagnosis)


def _pause(context: Context, diagnosis: Diagnosis) -> float:
    """Return the seconds until the next look: the longer a human thinks, the less we hurry.

    A twentieth of the age, so that hundreds of old stories do not keep the API server busy.
    """
    born = diagnosis.metadata.creation_timestamp
    age = (context.clock() - born).total_seconds() if born else 0.0
    shortest = context.timing.recheck
    return min(max(shortest, age / 20), shortest * 20)


async def _heal(context: Context, diagnosis: Diagnosis) -> float | None:
    """The symptom is gone without us: believe it only when it stays gone."""
    now = context.clock()
    seen = condition(diagnosis.status, "Verified")
    if seen is None:
        message = "the symptom is gone; watching whether it stays so"
        set_condition(diagnosis, "Verified", "Unknown", Reason.SYMPTOM_GONE, message, now)
        await context.store.write_status(diagnosis)
        return context.timing.heal
    left = context.timing.heal - (now - seen.last_transition_time).total_seconds()
    if left > 0:
        return left
    found = by_rules(diagnosis.status.findings)
    message = "the workload got well without a fix of ours" if found else "nothing is wrong with it"
    if not diagnosis.status.findings:
        diagnosis.status.summary = message  # what a first look still waited for is over
    set_condition(diagnosis, "Verified", "True", Reason.WENT_AWAY, message, now)
    await context.store.write_status(diagnosis)
    return None


def _is_open_question(diagnosis: Diagnosis) -> bool:
    """Whether a human asked, and the answer is to come or offers something to decide on.

    Such a workload may be well by the rules all along: that ends no story.
    """
    status = diagnosis.status
    offered = status.options and not by_rules(status.findings)
    return diagnosis.spec.question is not None and bool(offered or not consulted(diagnosis))


def is_as_observed(diagnosis: Diagnosis, snapshot: Snapshot) -> bool:
    """Say whether the target still is what the Diagnosis speaks of."""
    observed = diagnosis.status.observed_target
    now = observe(snapshot)
    return observed is not None and (observed.uid, observed.spec_hash) == (now.uid, now.spec_hash)


def _options(
    context: Context, diagnosis: Diagnosis, snapshot: Snapshot, results: list[Result]
) -> list[Option]:
    """Return what is offered: by the rules now, and by the model when it was asked.

    Where another object has the cause, or the rules have four options, the model's are left out;
    the status is the only place they are kept, so they do not come back.
    """
    soak = context.timing.soak
    rules = offer_options(snapshot, results, soak)
    if results and results[0].cause is not None:
        return rules
    return joined(rules, kept_options(snapshot, diagnosis.status, soak))


async def _look(context: Context, diagnosis: Diagnosis) -> Snapshot | None:
    """Read the target; where that cannot be done for good, say so in a condition."""
    target = diagnosis.spec.target
    if retry_asked(diagnosis):
        diagnosis.status.handled_retry = token(diagnosis, names.RETRY)
        drop_condition(diagnosis, "Approved")
    namespace = diagnosis.metadata.namespace
    try:
        snapshot = await look(context, diagnosis)
    except UnknownKindError as error:
        _undiagnosable(diagnosis, Reason.KIND_NOT_SUPPORTED, str(error), context)
        return None
    except NotFoundError:
        _undiagnosable(
            diagnosis,
            Reason.TARGET_NOT_FOUND,
            f"there is no {target.kind} {target.name} in namespace {namespace}. A Diagnosis and "
            "its target live in the same namespace: check both names, then delete this Diagnosis "
            f"or try again with: kubectl -n {namespace} annotate diagnosis "
            f"{diagnosis.metadata.name} {names.RETRY}=1 --overwrite",
            context,
        )
        return None
    if target.uid and target.uid != snapshot.metadata.uid:
        _undiagnosable(
            diagnosis,
            Reason.TARGET_REPLACED,
            f"{target.kind} {target.name} was deleted and made anew; this Diagnosis was about "
            f"the one with UID {target.uid}",
            context,
        )
        return None
    return snapshot


def _undiagnosable(diagnosis: Diagnosis, reason: Reason, message: str, context: Context) -> None:
    _forget_past(diagnosis)
    drop_condition(diagnosis, "Previewed")
    diagnosis.status.options = []
    diagnosis.status.summary = message
    set_condition(diagnosis, "Diagnosed", "False", reason, message, context.clock())


def _forget_past(diagnosis: Diagnosis) -> None:
    """Drop what was true of the target as it was; a refusal of an approval stays readable."""
    status = diagnosis.status
    past = [o.digest for o in status.options if o.digest not in status.superseded]
    status.superseded = [*status.superseded, *past][-_MOST_SUPERSEDED:]
    status.execution = None
    drop_condition(diagnosis, "Executed", "Verified")
    if has(diagnosis, "Approved", "True"):
        drop_condition(diagnosis, "Approved")


def _point_out_handled_approval(diagnosis: Diagnosis, now: datetime) -> None:
    """An option may be offered again whose digest the annotation already holds; say what to do."""
    read = diagnosis.status.approval
    if read is None or diagnosis.option(read.digest) is None or has(diagnosis, "Approved", "False"):
        return
    namespace, name = diagnosis.key
    message = (
        f"{read.digest} was approved before and is offered again; for a fresh approval first run: "
        f"kubectl -n {namespace} annotate diagnosis {name} {names.APPROVE}-"
    )
    set_condition(diagnosis, "Approved", "False", Reason.ALREADY_HANDLED, message, now)


def observe(snapshot: Snapshot) -> ObservedTarget:
    """Return the target as it is now, for comparison later."""
    return ObservedTarget(
        uid=snapshot.metadata.uid,
        spec_hash=spec_hash(snapshot.target_raw),
        generation=snapshot.metadata.generation or None,
    )


def _offers(options: list[Option]) -> list[tuple[str, bool]]:
    """Return what is offered, and whether as a change for a repository: that may change, too."""
    return [(o.digest, o.repository is not None) for o in options]
