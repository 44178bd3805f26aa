"""Jobs that failed or never end."""

from podiatrist.analyzers.batch.job_failures import ago, explain_failure, explain_retries, finished
from podiatrist.analyzers.batch.job_sidecars import Stuck, stuck
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import JOB
from podiatrist.cluster.objects import Job, parse
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a Job that nobody but its author runs; CronJobs speak for theirs.

    A Job's template cannot be changed, so there is no fix to approve: the messages say what to
    change before it is made anew.
    """
    if snapshot.kind is not JOB:
        return []
    job = parse(Job, snapshot.target_raw)
    if job is None or job.metadata.deletion_timestamp is not None:
        return []
    failure = explain_failure(snapshot, job)
    if failure is not None:
        advice = ". A failed Job does not run again: mend it, delete it and make it anew."
        message = f"{snapshot.target} {failure.words.rstrip('.')}{advice}"
        return [Result(_finding(snapshot, failure.reason, message, failure.evidence))]
    if finished(job):
        return []
    failure = explain_retries(snapshot, job)
    if failure is not None:
        advice = ". Its template cannot be changed: mend it, delete the Job and make it anew."
        message = f"{snapshot.target} {failure.words.rstrip('.')}{advice}"
        return [Result(_finding(snapshot, failure.reason, message, failure.evidence))]
    held = next((s for p in snapshot.pods if (s := stuck(snapshot, p))), None)
    if held is not None:
        message = f"{snapshot.target} never completes: {sidecar_words(held)}"
        evidence = sidecar_evidence(snapshot, held)
        return [Result(_finding(snapshot, "SidecarKeepsJobRunning", message, evidence))]
    return _standing_still(snapshot, job)


def sidecar_words(held: Stuck) -> str:
    """Return for a sentence what keeps a pod from ending, and what to do about it."""
    helpers, done = ", ".join(held.helpers), ", ".join(held.done)
    return (
        f"container {done} of pod {held.pod.metadata.name} is done (exit code 0), but {helpers} "
        f"goes on, and a pod succeeds only when all its containers have ended. Make {helpers} a "
        "native sidecar (an init container with restartPolicy: Always), or have it end with the "
        "work"
    )


def sidecar_evidence(snapshot: Snapshot, held: Stuck) -> list[Evidence]:
    """Return what shows that the work is done and the helper goes on."""
    source = f"kubectl -n {snapshot.namespace} get pod {held.pod.metadata.name} -o json"
    return [
        Evidence(source=source, quote='"reason":"Completed"'),
        Evidence(source=source, quote=f'"name":"{held.helpers[0]}"'),
    ]


def _standing_still(snapshot: Snapshot, job: Job) -> list[Result]:
    """Explain a Job that does nothing because it was told so; somebody asks, or nobody looks."""
    source = f"kubectl -n {snapshot.namespace} get job {job.metadata.name} -o json"
    since = ago(job.metadata.creation_timestamp, snapshot.taken_at)
    made = f" (it was made{since})" if since else ""
    if job.spec.suspend:
        message = (
            f"{snapshot.target} is suspended{made}: it makes no pods until spec.suspend is false. "
            "Whoever queues Jobs (Kueue, or a human) may want that"
        )
        evidence = [Evidence(source=source, quote='"suspend":true')]
        return [Result(_finding(snapshot, "JobSuspended", message, evidence))]
    if job.spec.parallelism == 0:
        message = (
            f"{snapshot.target} makes no pods{made}: its parallelism is 0; set it to at least 1"
        )
        evidence = [Evidence(source=source, quote='"parallelism":0')]
        return [Result(_finding(snapshot, "JobHasNoParallelism", message, evidence))]
    return []


def _finding(snapshot: Snapshot, reason: str, message: str, evidence: list[Evidence]) -> Finding:
    return Finding(
        analyzer="jobs",
        reason=reason,
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
