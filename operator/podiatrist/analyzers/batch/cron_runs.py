"""The runs of a CronJob: when they were due, which are going on, how the last ones ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from podiatrist.actions.compiler import Proposal
from podiatrist.analyzers.batch.cron_schedule import Schedule, parse_schedule
from podiatrist.analyzers.batch.job_failures import condition, finished, newest_first
from podiatrist.analyzers.common.result import Result
from podiatrist.api.diagnosis import Evidence, Finding
from podiatrist.cluster.objects import CronJob, Job, parse
from podiatrist.cluster.snapshot import Snapshot

_LATE = timedelta(seconds=60)
"""How late a start may be before it counts as missed."""


@dataclass(frozen=True)
class Runs:
    """A CronJob's schedule and Jobs, seen at one moment; Jobs are the newest first."""

    cron_job: CronJob
    schedule: Schedule | None
    jobs: list[Job]
    now: datetime

    @property
    def active(self) -> list[Job]:
        """Runs that are going on, the newest first."""
        return [j for j in self.jobs if not finished(j)]

    @property
    def failed_in_a_row(self) -> list[Job]:
        """Runs that failed since the last one that succeeded, the newest first."""
        found: list[Job] = []
        for job in self.jobs:
            if condition(job, "Complete"):
                break
            if condition(job, "Failed"):
                found.append(job)
        return found

    @property
    def longest_success(self) -> timedelta | None:
        """How long the longest run took that succeeded and is still there."""
        taken = [
            j.status.completion_time - j.status.start_time
            for j in self.jobs
            if condition(j, "Complete") and j.status.completion_time and j.status.start_time
        ]
        return max(taken, default=None)

    @property
    def due_since_last_start(self) -> list[datetime]:
        """Starts that were due since the last one and did not come; late ones do not count."""
        made = self.cron_job.metadata.creation_timestamp
        last = self.cron_job.status.last_schedule_time or made
        if self.schedule is None or last is None:
            return []
        # Hostile or skewed times must not make us count for ever.
        start = max(min(last, self.now), self.now - timedelta(days=400))
        return self.schedule.between(start, self.now - _LATE)

    def runs_within(self, span: timedelta) -> bool:
        """Say whether the next run is due that soon."""
        coming = self.schedule.next(self.now) if self.schedule else None
        return coming is not None and coming - self.now <= span


def runs_of(snapshot: Snapshot) -> Runs | None:
    """Return the runs of the snapshot's CronJob, None where it cannot be read as one."""
    cron_job = parse(CronJob, snapshot.target_raw)
    if cron_job is None:
        return None
    return Runs(
        cron_job=cron_job,
        schedule=parse_schedule(cron_job.spec.schedule, cron_job.spec.time_zone),
        jobs=newest_first([j for j in snapshot.jobs if not j.metadata.deletion_timestamp]),
        now=snapshot.taken_at,
    )


def started(job: Job) -> datetime | None:
    """Return when a run began."""
    return job.status.start_time or job.metadata.creation_timestamp


def cron_result(
    snapshot: Snapshot,
    reason: str,
    message: str,
    evidence: list[Evidence],
    proposals: tuple[Proposal, ...] = (),
) -> Result:
    """Return a finding about the CronJob itself, with its fixes."""
    finding = Finding(
        analyzer="cron_jobs",
        reason=reason,
        message=message,
        object=snapshot.target,
        evidence=evidence,
    )
    return Result(finding, proposals)
