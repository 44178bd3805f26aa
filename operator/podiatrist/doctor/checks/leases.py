"""The Leases: each role has one leader, and it is alive."""

from datetime import timedelta

from podiatrist.api import names
from podiatrist.cluster.objects import Workload
from podiatrist.doctor.checks.workloads import logs
from podiatrist.doctor.installation import ROLES, Installation, Lease
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_LEADERS = Chart("leaders")

_FRESH = timedelta(seconds=30)
"""A leader that lives renews its Lease every few seconds; a successor takes over within 15."""


def check_leases(installation: Installation) -> list[Verdict]:
    """Say who leads, and whether he said so lately. A role of which nothing runs has no leader."""
    hidden = [lease for lease in installation.leases.values() if isinstance(lease, Hidden)]
    bad = _LEADERS.unknown(hidden)
    well: list[str] = []
    for role in ROLES:
        lease, workload = installation.leases.get(role), installation.workloads.get(role)
        if isinstance(lease, Hidden) or not isinstance(workload, Workload):
            continue
        if not workload.replicas or not workload.status.available_replicas:
            continue  # the Deployment's own verdict says why
        verdict = _judge(installation, role, lease)
        if verdict is not None:
            bad.append(verdict)
        elif lease is not None:
            well.append(f"{role} {lease.spec.holder_identity}")
    return bad + ([_LEADERS.ok(", ".join(well))] if well else [])


def _judge(installation: Installation, role: str, lease: Lease | None) -> Verdict | None:
    restart = f"kubectl -n {names.NAMESPACE} rollout restart deployment/{role}"
    if lease is None or not lease.spec.holder_identity:
        said = f"nobody leads: no pod of {role} holds Lease podiatrist-{role}"
        return _LEADERS.broken(said, logs(role))
    age = installation.age(lease.spec.renew_time)
    if age <= _FRESH:
        return None
    return _LEADERS.broken(
        f"Lease podiatrist-{role} is held by {lease.spec.holder_identity}, who has not renewed it "
        f"for {age.total_seconds():.0f} seconds: nothing is done, and nobody takes over",
        restart,
    )
