"""The Deployments: enough pods, of the right image, that stay up."""

from podiatrist.api import names
from podiatrist.cluster.objects import Workload
from podiatrist.doctor.checks.pods import judge_pods
from podiatrist.doctor.installation import ROLES, Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_OURS = f"kubectl -n {names.NAMESPACE}"
_WANTED = 2
"""Replicas of each role as shipped: one works, the other takes over."""


def check_workloads(installation: Installation) -> list[Verdict]:
    """Say for each role whether it runs."""
    return [verdict for role in ROLES for verdict in _check(installation, role, Chart(role))]


def _check(installation: Installation, role: str, chart: Chart) -> list[Verdict]:
    workload = installation.workloads.get(role)
    if isinstance(workload, Hidden):
        return chart.unknown([workload])
    if workload is None:
        if role == "executor" and installation.only_diagnoses:
            return []
        return [chart.broken(f"there is no Deployment {role}", apply(installation, role))]
    if not workload.replicas:
        return _scaled_to_zero(role, chart)
    if refused := _refused(installation, workload, role, chart):
        return [refused]
    if isinstance(installation.pods, Hidden):
        return chart.unknown([installation.pods])
    sick = judge_pods(installation, workload, role, chart, apply(installation, role))
    return sick or [_counted(workload, role, chart)]


def _scaled_to_zero(role: str, chart: Chart) -> list[Verdict]:
    if role == "executor":
        return []  # a kill switch, which is told of there
    return [
        chart.broken(
            f"Deployment {role} is scaled to 0: nothing is noticed",
            f"{_OURS} scale deployment {role} --replicas={_WANTED}",
        )
    ]


def _refused(
    installation: Installation, workload: Workload, role: str, chart: Chart
) -> Verdict | None:
    """Return why no pod can be made at all: Pod Security, a quota, a missing ServiceAccount."""
    failure = next((c for c in workload.status.conditions if c.type == "ReplicaFailure"), None)
    if failure is None or failure.status != "True":
        return None
    return chart.broken(
        f"no pod of {role} can be made: {failure.message or failure.reason}",
        apply(installation, role),
    )


def _counted(workload: Workload, role: str, chart: Chart) -> Verdict:
    available, wanted = workload.status.available_replicas, workload.replicas
    image = next((c.image for c in workload.spec.template.spec.containers), "")
    if available >= wanted:
        return chart.ok(f"{available} of {wanted} available, {image}")
    look = f"{_OURS} describe pods {_pods_of(role)}"
    said = f"{available} of {wanted} available, {image}"
    return chart.warning(said, look) if available else chart.broken(said, look)


def apply(installation: Installation, role: str) -> str:
    """Return the command that puts a role's Deployment in place as it was shipped."""
    manifest = installation.manifest("Deployment", role)
    return manifest.apply if manifest else f"kubectl apply -f deploy/{role}.yaml"


def logs(role: str) -> str:
    """Return the command that shows the whole logs of all pods of a role.

    Of `deployment/ROLE` kubectl would choose one pod, perhaps the one that stands by. By a label
    it shows ten lines of each unless it is told otherwise.
    """
    return f"{_OURS} logs --prefix --tail=-1 {_pods_of(role)}"


def _pods_of(role: str) -> str:
    return f"-l app.kubernetes.io/component={role}"
