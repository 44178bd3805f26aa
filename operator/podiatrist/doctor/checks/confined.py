"""Where it looks: everywhere, or into some namespaces and nowhere else."""

from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Verdict

_NAMESPACES = Chart("namespaces")


def check_confines(installation: Installation) -> list[Verdict]:
    """Say that it is confined, where it is: cluster-wide rights are then not missed."""
    if not installation.namespaces:
        return []
    told = ", ".join(installation.namespaces)
    return [_NAMESPACES.ok(f"confined to {told}: Roles there, and no right in the whole cluster")]
