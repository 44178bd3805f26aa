"""Why a Job failed: its condition, and the last words of the pod that failed last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.analyzers.batch.job_sidecars import looks_like_sidecar
from podiatrist.analyzers.common.result import counted
from podiatrist.analyzers.containers import exit_codes, log_errors
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.objects import Condition, ContainerStatus, Event, Job, Pod
from podiatrist.cluster.snapshot import Snapshot, compact

_SYMPTOMS = (
    "Error: ErrImagePull",
    "Error: ImagePullBackOff",
    "Back-off pulling image",
    "Back-off restarting failed container",
)
"""Events that only repeat that something failed; another one says why."""

_MANY_TRIES = 3
"""Failed tries, for each pod at a time, from which it is no bad luck."""

_GOES_WELL = timedelta(minutes=1)
"""How long a new try must run before the failed ones are taken for overcome."""


@dataclass(frozen=True)
class Failure:
    """One failed Job: the reason of its condition, its story in words, and what shows it."""

    job: Job
    reason: str
    words: str
    evidence: list[Evidence]
    at: datetime | None


def condition(job: Job, kind: str) -> Condition | None:
    """Return a Job's condition of that type where it holds."""
    return next((c for c in job.status.conditions if c.type == kind and c.status == "True"), None)


def finished(job: Job) -> bool:
    """Whether a Job has ended, well or not."""
    return condition(job, "Complete") is not None or condition(job, "Failed") is not None


def pods_of(snapshot: Snapshot, job: Job) -> list[Pod]:
    """Return the pods of one Job, the newest first."""
    uid = job.metadata.uid
    own = [
        p
        for p in snapshot.pods
        if any(o.kind == "Job" and (o.uid or None) == (uid or None) and o.name == job.metadata.name
               for o in p.metadata.owner_references)
    ]  # fmt: skip
    return sorted(own, key=lambda p: str(p.metadata.creation_timestamp or ""), reverse=True)


def ago(moment: datetime | None, now: datetime) -> str:
    """Return ` 3 h ago` for what is over an hour old; empty for what is fresh or unknown."""
    hours = (now - moment).total_seconds() / 3600 if moment else 0
    if hours < 1:
        return ""
    return f" {hours:.0f} h ago" if hours < 48 else f" {hours / 24:.0f} days ago"


def explain_failure(snapshot: Snapshot, job: Job) -> Failure | None:
    """Return why a Job failed, None for one that has not."""
    failed = condition(job, "Failed")
    if failed is None:
        return None
    here = f"kubectl -n {snapshot.namespace}"
    shown = Evidence(
        source=f"{here} describe job {job.metadata.name}", quote=failed.message or failed.reason
    )
    last = _last_failure(snapshot, job)
    words = f"{_verdict(job, failed)}{ago(failed.last_transition_time, snapshot.taken_at)}"
    evidence = [shown] if shown.quote else []
    if last is not None:
        words += f". {last[0]}"
        evidence += last[1]
    elif (warning := _pod_warning(snapshot, job, failed)) is not None:
        waited = warning.reason == "FailedScheduling"
        lead = "A pod of it waited for a node" if waited else "Its pods are gone; last it was said"
        words += f". {lead}: {_short(warning.message)}"
        name = warning.involved_object.name
        source = f"{here} get events --field-selector involvedObject.name={name}"
        evidence.append(Evidence(source=source, quote=warning.message))
    else:
        words += f". {_no_trace(job, failed)}"
    return Failure(job, failed.reason or "JobFailed", words, evidence, failed.last_transition_time)


def explain_retries(snapshot: Snapshot, job: Job) -> Failure | None:
    """Return why a Job fails again and again that has not given up; None for a first bad luck.

    With the default backoffLimit of 6 it takes ten minutes and more to give up.
    """
    status, pods = job.status, pods_of(snapshot, job)
    at_once = min(max(1 if job.spec.parallelism is None else job.spec.parallelism, 1), 10)
    if finished(job) or status.succeeded or status.failed < _MANY_TRIES * at_once:
        return None
    if any(_goes_well(pod, snapshot.taken_at) for pod in pods):
        return None
    last = _last_failure(snapshot, job)
    if last is None:
        return None
    words = (
        f"failed {status.failed} times so far and is tried again (backoffLimit "
        f"{job.spec.backoff_limit}). {last[0]}"
    )
    source = f"kubectl -n {snapshot.namespace} get job {job.metadata.name} -o json"
    evidence = [Evidence(source=source, quote=f'"failed":{status.failed}'), *last[1]]
    return Failure(job, "JobKeepsFailing", words, evidence, None)


def _goes_well(pod: Pod, now: datetime) -> bool:
    began = [s.state.running.started_at for s in pod.all_statuses if s.state.running]
    return pod.status.phase == "Running" and any(b and now - b > _GOES_WELL for b in began)


def _verdict(job: Job, failed: Condition) -> str:
    spec, status = job.spec, job.status
    match failed.reason:
        case "BackoffLimitExceeded":
            tries = counted(max(status.failed, 1), "failed try").replace("trys", "tries")
            return f"gave up after {tries} (backoffLimit {spec.backoff_limit})"
        case "DeadlineExceeded":
            limit = spec.active_deadline_seconds
            seconds = f" of {limit} s (activeDeadlineSeconds)" if limit is not None else ""
            return f"was stopped: it ran into its deadline{seconds}"
        case "PodFailurePolicy":
            return "failed at once by its podFailurePolicy"
        case "FailedIndexes" | "MaxFailedIndexesExceeded":
            which = f" {status.failed_indexes[:80]}" if status.failed_indexes else "es"
            more = ", more than maxFailedIndexes allows" if failed.reason[0] == "M" else ""
            return f"failed: index{which} used up all tries{more}"
    return f"failed ({failed.reason}: {_short(failed.message)})"


def _last_failure(snapshot: Snapshot, job: Job) -> tuple[str, list[Evidence]] | None:
    """Return how its newest failed pod ended, in words and as evidence."""
    for pod in pods_of(snapshot, job):
        if pod.status.phase != "Failed":
            continue
        name = pod.metadata.name
        ends = [s for s in pod.all_statuses if s.last_end and s.last_end.exit_code]
        if ends:
            first = min(ends, key=lambda s: str((s.last_end and s.last_end.finished_at) or "~"))
            return _ending(snapshot, pod, first)
        if pod.status.message or pod.status.reason:
            source = f"kubectl -n {snapshot.namespace} describe pod {name}"
            quote = pod.status.message or pod.status.reason
            words = f"Pod {name} failed: {pod.status.reason or 'Failed'}, {_short(quote)}"
            return words, [Evidence(source=source, quote=quote)]
    return None


def _ending(snapshot: Snapshot, pod: Pod, status: ContainerStatus) -> tuple[str, list[Evidence]]:
    here, name = f"kubectl -n {snapshot.namespace}", pod.metadata.name
    ended = status.last_end
    assert ended is not None
    words = f"Container {status.name} of pod {name} {exit_codes.explain(ended).words}"
    source = f"{here} get pod {name} -o json"
    evidence = [Evidence(source=source, quote=f'"exitCode":{ended.exit_code}')]
    if ended.reason not in ("", "Error", "Completed"):
        evidence.append(Evidence(source=source, quote=f'"reason":{compact(ended.reason)}'))
    for log in snapshot.logs_of(name, status.name):
        error = log_errors.last_error(log.text)
        if error is None:
            continue
        where = f"{here} logs {log.pod} -c {log.container}"
        evidence.append(Evidence(source=where, quote=error.line))
        if error.meaning:
            code = f"ended with exit code {ended.exit_code}"
            story = f"Container {status.name} of pod {name} {code}: {error.meaning}"
            return f"{story} (`{error.told}`)", evidence
        return f"{words}; its log says: `{error.told}`", evidence
    if ended.message:
        evidence.append(Evidence(source=source, quote=ended.message))
        words += f"; its last message: {_short(ended.message)}"
    return words, evidence


def _pod_warning(snapshot: Snapshot, job: Job, failed: Condition) -> Event | None:
    """Return the most telling warning about pods of a Job that are gone.

    That no node had room explains a deadline, but not pods that ran and failed.
    """
    start = f"{job.metadata.name}-"
    found = [
        e
        for e in snapshot.events
        if e.involved_object.kind == "Pod"
        and e.involved_object.name.startswith(start)
        and "-" not in e.involved_object.name[len(start) :]
        and e.message
        and not e.message.startswith(_SYMPTOMS)
        and (e.reason != "FailedScheduling" or failed.reason == "DeadlineExceeded")
    ]
    # That no node had room at first is told by the newest event only if nothing came after it.
    return max(
        found, key=lambda e: (e.reason != "FailedScheduling", str(e.seen_at or "")), default=None
    )


def _no_trace(job: Job, failed: Condition) -> str:
    plain = job.spec.template.spec.containers
    helpers = [c.name for c in plain if looks_like_sidecar(c)]
    if failed.reason == "DeadlineExceeded":
        if helpers and len(plain) > len(helpers):
            return (
                f"Its pods are gone. Container {helpers[0]} looks like a sidecar: a plain one "
                "keeps the Job running when the work is done; make it an init container with "
                "restartPolicy: Always"
            )
        return (
            "Its pods are gone and left no warning, so they ran all that time: the work takes "
            "longer than it may, or hangs; raise activeDeadlineSeconds or look at what it waits for"
        )
    if job.spec.template.spec.restart_policy == "OnFailure":
        return (
            "With restartPolicy OnFailure its pods are deleted together with their logs; set it "
            "to Never to keep the failed ones"
        )
    return "Its pods are gone, and their logs with them"


def _short(text: str) -> str:
    """Return a text for a sentence: one line, not too long."""
    line = " ".join(text[:2000].split())
    return line if len(line) <= 300 else line[:299] + "…"


def newest_first(jobs: list[Job]) -> list[Job]:
    """Return Jobs, the one made last first."""
    return sorted(jobs, key=lambda j: str(j.metadata.creation_timestamp or ""), reverse=True)
