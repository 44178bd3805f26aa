"""All checks over one installation."""

from podiatrist.api import names
from podiatrist.doctor.checks.confined import check_confines
from podiatrist.doctor.checks.definition import CRD_NAME, check_definition, check_namespace
from podiatrist.doctor.checks.leases import check_leases
from podiatrist.doctor.checks.model import check_model
from podiatrist.doctor.checks.parts import check_parts
from podiatrist.doctor.checks.policies import check_policies
from podiatrist.doctor.checks.rights import check_rights
from podiatrist.doctor.checks.stuck import check_diagnoses
from podiatrist.doctor.checks.switch import check_switch
from podiatrist.doctor.checks.versions import check_kubernetes, check_version
from podiatrist.doctor.checks.workloads import check_workloads
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.kinds import CRD
from podiatrist.doctor.verdict import Chart, Level, Verdict

CHECKS = (
    check_kubernetes,
    check_version,
    check_definition,
    check_namespace,
    check_confines,
    check_rights,
    check_policies,
    check_workloads,
    check_leases,
    check_parts,
    check_model,
    check_switch,
    check_diagnoses,
)
"""In the order in which one mends things: what stands on what."""


def examine(installation: Installation) -> list[Verdict]:
    """Return what all checks say; of a cluster without Podiatrist only that it is not there."""
    crd = installation.found.get((CRD.kind, "", CRD_NAME))
    namespace = installation.found.get(("Namespace", "", names.NAMESPACE))
    if crd is None and namespace is None:
        missing = Chart("installation").broken(
            "Podiatrist is not installed in this cluster", "kubectl apply -f deploy"
        )
        return [*check_kubernetes(installation), missing]
    return [verdict for check in CHECKS for verdict in check(installation)]


def is_broken(verdicts: list[Verdict]) -> bool:
    """Say whether anything does not work."""
    return any(verdict.level is Level.BROKEN for verdict in verdicts)
