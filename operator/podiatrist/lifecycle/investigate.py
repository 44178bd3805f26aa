"""Steps `investigate` and `recheck`: look at the target, and write down what is wrong with it.

Both are one look; they differ in what was known before. A look that finds what the Diagnosis
already says writes nothing.
"""

from datetime import datetime

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.rollout import unfinished
from podiatrist.api import names
from podiatrist.api.conditions import (
    Reason,
    condition,
    drop_condition,
    has,
    set_condition,
)
from podiatrist.api.diagnosis import Diagnosis, ObservedTarget, Option, Severity
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.cluster.store import spec_hash
from podiatrist.lifecycle.context import Context
from podiatrist.lifecycle.look import UnknownKindError, look
from podiatrist.lifecycle.next_step import retry_asked, token
from podiatrist.lifecycle.propose import (
    MOST_FINDINGS,
    offer_options,
    root_cause,
    severity,
    told,
)
from podiatrist.lifecycle.related import related

_MOST_SUPERSEDED = 16


async def investigate(context: Context, diagnosis: Diagnosis) -> float | None:
    """Look at the target and write findings and options.

    Returns the seconds until the next look, None when there is something else to do at once.
    """
    now = context.clock()
    snapshot = await _look(context, diagnosis)
    if snapshot is None:
        await context.store.write_status(diagnosis)
        return None
    if not diagnosis.metadata.owner_references:
        await context.store.adopt(diagnosis, snapshot.metadata.uid)
    results = analyze(snapshot)
    findings = told(results)
    _forget_past(diagnosis)
    status = diagnosis.status
    status.observed_target = observe(snapshot)
    status.findings = findings
    status.related_to = await related(context, diagnosis, results)
    status.options = _with_previews(
        offer_options(snapshot, results, context.timing.soak), status.options
    )
    if any(option.preview is None for option in status.options) or not status.options:
        drop_condition(diagnosis, "Previewed")
    _point_out_handled_approval(diagnosis, now)
    offered = _digests(status.options)
    status.superseded = [d for d in status.superseded if d not in offered]
    if findings:
        status.severity = severity(snapshot)
        status.summary = findings[0].message
        status.root_cause = root_cause(findings)
        message = f"{len(findings)} finding(s), {len(status.options)} option(s)"
        set_condition(diagnosis, "Diagnosed", "True", Reason.CAUSE_FOUND, message, now)
    else:
        waits = unfinished(snapshot)
        status.severity = Severity.INFO
        status.summary = f"no rule explains it: {waits}" if waits else "nothing is wrong with it"
        status.root_cause = None
        set_condition(diagnosis, "Diagnosed", "True", Reason.NOTHING_FOUND, status.summary, now)
    await context.store.write_status(diagnosis)
    return None


async def recheck(context: Context, diagnosis: Diagnosis) -> float | None:
    """Look again while a human thinks: the target may change, vanish or heal by itself."""
    snapshot = await _look(context, diagnosis)
    if snapshot is None:
        await context.store.write_status(diagnosis)
        return None
    observed = diagnosis.status.observed_target
    if observed is None or observed.spec_hash != spec_hash(snapshot.target_raw):
        await investigate(context, diagnosis)
        return _pause(context, diagnosis)
    results = analyze(snapshot)
    if not results and unfinished(snapshot) is None:
        return await _heal(context, diagnosis)
    changed = condition(diagnosis.status, "Verified") is not None
    drop_condition(diagnosis, "Verified")
    if results:
        options = offer_options(snapshot, results, context.timing.soak)
        before = [f.reason for f in diagnosis.status.findings]
        if (
            [r.finding.reason for r in results][:MOST_FINDINGS] != before
            or _digests(options) != _digests(diagnosis.status.options)
            or await related(context, diagnosis, results) != diagnosis.status.related_to
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
    found = diagnosis.status.findings
    message = "the workload got well without a fix of ours" if found else "nothing is wrong with it"
    if not found:
        diagnosis.status.summary = message  # what a first look still waited for is over
    set_condition(diagnosis, "Verified", "True", Reason.WENT_AWAY, message, now)
    await context.store.write_status(diagnosis)
    return None


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


def _with_previews(options: list[Option], before: list[Option]) -> list[Option]:
    """Keep the dry run of an option that is offered unchanged; a refused one is tried again."""
    known = {o.digest: o for o in before}
    return [
        o.model_copy(update={"preview": known[o.digest].preview, "diff": known[o.digest].diff})
        if o.digest in known and (tried := known[o.digest].preview) and tried.ok
        else o
        for o in options
    ]


def _digests(options: list[Option]) -> list[str]:
    return [o.digest for o in options]
