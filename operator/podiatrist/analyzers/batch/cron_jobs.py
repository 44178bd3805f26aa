"""CronJobs that do not start, pile up, block themselves or never complete; and failed runs."""

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.suspend_cron_job import SuspendCronJob
from podiatrist.analyzers.batch.cron_overlaps import explain_overlap
from podiatrist.analyzers.batch.cron_runs import Runs, runs_of
from podiatrist.analyzers.batch.cron_starts import explain_starts
from podiatrist.analyzers.batch.job_failures import explain_failure, explain_retries
from podiatrist.analyzers.common.result import Result, counted
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.kinds import CRON_JOB
from podiatrist.cluster.snapshot import Snapshot


def analyze(snapshot: Snapshot) -> list[Result]:
    """Return what is wrong with a CronJob: at most one story about its runs, and its last end."""
    if snapshot.kind is not CRON_JOB:
        return []
    runs = runs_of(snapshot)
    if runs is None or runs.cron_job.metadata.deletion_timestamp is not None:
        return []
    if found := [*explain_starts(snapshot, runs), *explain_overlap(snapshot, runs)]:
        return found
    return (
        _failing_run(snapshot, runs) or _failed_runs(snapshot, runs) or _suspended(snapshot, runs)
    )


def _failing_run(snapshot: Snapshot, runs: Runs) -> list[Result]:
    """Explain a run under way whose tries fail one after the other."""
    for job in runs.active:
        failure = explain_retries(snapshot, job)
        if failure is not None:
            message = (
                f"A run of {snapshot.target} gets nowhere: its Job {job.metadata.name} "
                f"{failure.words.rstrip('.')}. Mend it in spec.jobTemplate; it takes effect with "
                "the next run."
            )
            return [Result(_finding(snapshot, failure.reason, message, failure.evidence))]
    return []


def _failed_runs(snapshot: Snapshot, runs: Runs) -> list[Result]:
    failed = runs.failed_in_a_row
    failure = explain_failure(snapshot, failed[0]) if failed else None
    if failure is None:
        return _vanished_run(snapshot, runs)
    job = failure.job.metadata.name
    story = f"its Job {job} {failure.words.rstrip('.')}"
    if len(failed) > 1:
        head = f"The last {len(failed)} runs of {snapshot.target} failed, the last of them: {story}"
    else:
        head = f"The last run of {snapshot.target} failed: {story}"
    if runs.cron_job.status.last_successful_time is None:
        head += "; no run has succeeded so far"
    message = f"{head}. Mend it in spec.jobTemplate; it takes effect with the next run."
    return [Result(_finding(snapshot, failure.reason, message, failure.evidence))]


def _vanished_run(snapshot: Snapshot, runs: Runs) -> list[Result]:
    """Explain a last run that failed and of which nothing is kept."""
    status, spec = runs.cron_job.status, runs.cron_job.spec
    started, succeeded = status.last_schedule_time, status.last_successful_time
    if spec.failed_jobs_history_limit != 0 or started is None or runs.jobs or status.active:
        return []
    if succeeded is not None and succeeded >= started:
        return []
    message = (
        f"The last run of {snapshot.target} did not succeed, and nothing is left of it: its "
        "failedJobsHistoryLimit is 0. Set it to at least 1 to keep the failed Job and its log."
    )
    source = f"kubectl -n {snapshot.namespace} get cronjob {runs.cron_job.metadata.name} -o json"
    evidence = [Evidence(source=source, quote='"failedJobsHistoryLimit":0')]
    return [Result(_finding(snapshot, "LastRunFailed", message, evidence))]


def _suspended(snapshot: Snapshot, runs: Runs) -> list[Result]:
    """Explain the silence of a suspended CronJob to who asks; nobody calls it sick."""
    spec, status = runs.cron_job.spec, runs.cron_job.status
    if not spec.suspend:
        return []
    missed = len(runs.due_since_last_start)
    times = "100 or more" if missed >= 100 else str(missed)
    since = (
        f" since its last run at {status.last_schedule_time:%Y-%m-%d %H:%M} UTC"
        if (status.last_schedule_time)
        else ""
    )
    skipped = f"; {times} starts were due{since}" if missed else ""
    message = (
        f"{snapshot.target} is suspended: it starts no runs until spec.suspend is false{skipped}. "
        "Somebody set it; ask before you resume it"
    )
    source = f"kubectl -n {snapshot.namespace} get cronjob {runs.cron_job.metadata.name} -o json"
    resume = Proposal(
        title="Resume it",
        rationale="It starts runs again as scheduled"
        + (f", the latest of {counted(missed, 'missed start')} at once." if missed else "."),
        actions=(SuspendCronJob(object=snapshot.target, suspend=False),),
    )
    evidence = [Evidence(source=source, quote='"suspend":true')]
    return [Result(_finding(snapshot, "CronJobSuspended", message, evidence), (resume,))]


def _finding(snapshot: Snapshot, reason: str, message: str, evidence: list[Evidence]) -> Finding:
    return Finding(
        analyzer="cron_jobs",
        reason=reason,
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
