"""Where execution is switched off: somebody's decision, and easily forgotten."""

from podiatrist.api import names
from podiatrist.cluster.objects import Workload
from podiatrist.doctor.checks.workloads import apply
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict, word

_SWITCH = Chart("execution")
_MOST = 5
"""Namespaces that are named."""


def check_switch(installation: Installation) -> list[Verdict]:
    """Say where nothing is executed because somebody wanted it so."""
    executor = installation.workloads.get("executor")
    told: list[Verdict] = []
    if installation.only_diagnoses:
        told.append(
            _SWITCH.note(
                "no executor is installed: Podiatrist only diagnoses",
                apply(installation, "executor"),
            )
        )
    elif isinstance(executor, Workload) and not executor.replicas:
        told.append(
            _SWITCH.note(
                "the executor is scaled to 0: nothing is tried or executed",
                f"kubectl -n {names.NAMESPACE} scale deployment executor --replicas=2",
            )
        )
    switch, off = installation.switch, installation.switched_off
    if isinstance(switch, str) and switch.strip().lower() != "on":
        told.append(
            _SWITCH.note(
                f"switched off everywhere: ConfigMap {names.NAMESPACE}/{names.SWITCH} says "
                f"{names.SWITCH_KEY}: {switch[:40]}",
                f"kubectl -n {names.NAMESPACE} delete configmap {names.SWITCH}",
            )
        )
    if isinstance(off, list) and off:
        more = f" and {len(off) - _MOST} more" if len(off) > _MOST else ""
        told.append(
            _SWITCH.note(
                f"switched off in {', '.join(off[:_MOST])}{more} by the label {names.EXECUTION}",
                f"kubectl label namespace {word(off[0])} {names.EXECUTION}-",
            )
        )
    told += _SWITCH.unknown([one for one in (switch, off) if isinstance(one, Hidden)])
    return told or [_SWITCH.ok("on")]
