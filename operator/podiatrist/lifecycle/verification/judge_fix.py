"""Did a fix help? A pure judgement over what was approved and done, and what is seen now.

Never success for a worse state: fewer ready pods than before, or a finding that was not there
before, keep a fix from passing, and a worse state that lasts is undone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers.common.rollout import is_at_rest, unfinished
from podiatrist.api.conditions import ConditionStatus, Reason
from podiatrist.api.diagnosis import Condition, Finding
from podiatrist.cluster.kinds import DEPLOYMENT
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.context import Timing
from podiatrist.lifecycle.verification.checks import NoFewerReadyPods, Seen, Soak, parse_check
from podiatrist.lifecycle.verification.pod_count import SERVING, wanted_pods
from podiatrist.lifecycle.verification.trial import Trial

_LONGEST = 10
"""A rollout that gets on may take that many times as long as one that stands still."""

_STATUS: dict[Reason, ConditionStatus] = {
    Reason.WAITING_FOR_ROLLOUT: "Unknown",
    Reason.GOT_WORSE: "Unknown",
    Reason.SOAKING: "Unknown",
    Reason.CHECKS_PASSED: "True",
    Reason.FIX_DID_NOT_HELP: "False",
    Reason.FIX_REVERTED: "False",
    Reason.CANNOT_VERIFY: "False",
}


@dataclass(frozen=True)
class Verdict:
    """What the condition Verified is to say; `anew`: its time counts from now."""

    reason: Reason
    message: str
    anew: bool = False

    @property
    def status(self) -> ConditionStatus:
        """The condition's status."""
        return _STATUS[self.reason]


def judge(trial: Trial, seen: Seen, now: datetime, timing: Timing) -> Verdict:
    """Judge a fix that is in place by one look at its target."""
    held_up = _held_up(trial, seen.snapshot)
    if held_up is not None:
        return judge_unseen(trial, held_up, now, timing)
    troubles = _troubles(trial, seen)
    if not troubles:
        return _soaked(trial, seen, now)
    over = out_of_time(trial.done, trial.verified, now, timing.verify)
    if over or _is_hopeless(trial, seen, now, timedelta(seconds=timing.give_up)):
        told = _told(trial, seen, troubles)
        passed = (now - trial.done).total_seconds()
        return Verdict(Reason.FIX_DID_NOT_HELP, f"{passed:.0f}s after the fix: {told}")
    message = "; ".join(troubles)
    if seen.fired - trial.reasons_before:
        return Verdict(Reason.GOT_WORSE, message)
    waited = trial.since(Reason.WAITING_FOR_ROLLOUT) is not None
    gets_on = waited and not seen.results and message != trial.said
    return Verdict(Reason.WAITING_FOR_ROLLOUT, message, anew=gets_on)


def judge_unseen(trial: Trial, why: str, now: datetime, timing: Timing) -> Verdict:
    """Judge a fix of which nothing can be seen; it is left in place, whoever stopped it."""
    if out_of_time(trial.done, trial.verified, now, timing.verify):
        message = f"{why}: nothing shows whether the fix helps, so it was left in place"
        return Verdict(Reason.CANNOT_VERIFY, message)
    return Verdict(Reason.WAITING_FOR_ROLLOUT, why)


def out_of_time(
    started: datetime, before: Condition | None, now: datetime, patience: float
) -> bool:
    """Say whether a fix had all the time that it gets, `patience` in seconds.

    Counted from the rollout's last progress: a hundred replicas take their time, and undoing
    them half-way would be the second outage.
    """
    waiting = before is not None and before.reason in (
        Reason.WAITING_FOR_ROLLOUT,
        Reason.GOT_WORSE,  # that has a limit of its own
    )
    since = max(started, before.last_transition_time) if before and waiting else started
    limit = timedelta(seconds=patience)
    return now - since > limit or now - started > _LONGEST * limit


def _soaked(trial: Trial, seen: Seen, now: datetime) -> Verdict:
    since = trial.since(Reason.SOAKING)
    if since is None or (now - since).total_seconds() < trial.soak:
        message = f"all checks hold; watching for {trial.soak}s whether that lasts"
        return Verdict(Reason.SOAKING, message)
    held = [line for line in trial.checks if not isinstance(parse_check(line), Soak)]
    message = f"held for {trial.soak}s: {', '.join(held)}"
    if seen.results:
        message += f". As before: {', '.join(sorted(seen.fired))}"
    return Verdict(Reason.CHECKS_PASSED, message)


def _held_up(trial: Trial, snapshot: Snapshot) -> str | None:
    """Return what somebody does meanwhile that hides whether the fix helps, None if nothing."""
    touched = "".join(p.patch for p in trial.patches if p.object == snapshot.target)
    if wanted_pods(snapshot) == 0 and '"/spec/replicas"' not in touched:
        return f"{snapshot.target} is scaled to zero"
    paused = snapshot.kind is DEPLOYMENT and (snapshot.target_raw.get("spec") or {}).get("paused")
    if paused and unfinished(snapshot) is not None:
        return f"the rollout of {snapshot.target} is paused"
    return None


def _troubles(trial: Trial, seen: Seen) -> list[str]:
    """Return why the fix does not pass as things are; empty where all checks hold."""
    parsed = {line: parse_check(line) for line in trial.checks}
    if all(check is None or isinstance(check, Soak) for check in parsed.values()):
        return ["the approved option names no check that this version knows"]
    troubles = []
    for line, check in parsed.items():
        unknown = f"this version does not know the check {line!r}"
        why = unknown if check is None else check.why_not(seen)
        if why is not None:
            troubles.append(why)
    since = trial.since(Reason.SOAKING)
    if not troubles and since is not None:
        troubles += _ends_since(seen.snapshot, since)
    return troubles


def _ends_since(snapshot: Snapshot, since: datetime) -> Iterable[str]:
    """Yield which containers failed while they were watched: between two looks, or one may run."""
    if snapshot.kind not in SERVING:
        return
    for pod in snapshot.pods:
        for status in pod.status.container_statuses:
            end = status.last_end
            if end is None or not end.exit_code or pod.metadata.deletion_timestamp is not None:
                continue
            if end.finished_at is not None and end.finished_at > since:
                yield (
                    f"container {status.name} of pod {pod.metadata.name} ended with exit code "
                    f"{end.exit_code} while it was watched"
                )


def _is_hopeless(trial: Trial, seen: Seen, now: datetime, limit: timedelta) -> bool:
    """Whether what the fix brought is sick, and has been for long enough to give it up."""
    new, worse_since = seen.fired - trial.reasons_before, trial.since(Reason.GOT_WORSE)
    if new and worse_since is not None and now - worse_since > limit:
        return True
    harmless = trial.reasons_before - set(trial.answered)
    sick = {f.object.name for f in _findings(seen) if f.reason not in harmless}
    ailing = {f.object.name for f in _findings(seen) if f.reason in harmless}
    return any(
        (pod.metadata.name in sick or (pod.metadata.name in ailing and not is_at_rest(pod)))
        and (born := pod.metadata.creation_timestamp) is not None
        and now - born > limit
        for pod in seen.snapshot.pods
        if trial.brought(pod)
    )


def _told(trial: Trial, seen: Seen, troubles: list[str]) -> str:
    """Return what is wrong, first what the fix did: a human may have to approve a second one."""
    of_new = seen.results if seen.of_new_pods is None else seen.of_new_pods
    lasting = {r.finding.reason for r in of_new} & seen.fired
    gone = [reason for reason in trial.answered if reason not in lasting]
    where = " from the new pods" if seen.fired & set(gone) else ""
    done = f"{', '.join(gone)} is gone{where}, but " if gone else ""
    new = [f for f in _findings(seen) if f.reason not in trial.reasons_before]
    still = [f for f in _findings(seen) if f.reason in trial.answered and f.reason in lasting]
    beside = [f for f in _findings(seen) if f.reason in trial.reasons_before - set(trial.answered)]
    parts = [f"{f.reason} still fires: {f.message}" for f in still[:1]]
    if new:
        parts.append(f"{new[0].reason} showed, which was not there before: {new[0].message}")
    if (still or new) and (fewer := NoFewerReadyPods().why_not(seen)) in troubles:
        parts.append(str(fewer))
    if not still and not new and beside:
        parts.append(f"{beside[0].reason}, which was there before, is not: {beside[0].message}")
    return done + "; ".join(parts or troubles)


def _findings(seen: Seen) -> list[Finding]:
    return [result.finding for result in seen.results]
