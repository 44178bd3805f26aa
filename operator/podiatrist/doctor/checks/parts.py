"""The parts that make it safer or steadier: network policies, budgets, priority, settings."""

from podiatrist.cluster.kinds import CONFIG_MAP, NETWORK_POLICY, PDB, PRIORITY_CLASS, SERVICE
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_PARTS = Chart("parts")
_WITHOUT = {
    NETWORK_POLICY: "without it these pods may talk to anybody",
    PDB: "without it a drain may take all pods at once",
    PRIORITY_CLASS: "without it no pod that names it can be made",
    CONFIG_MAP: "without it every setting has its default",
    SERVICE: "without it nobody finds these pods",
}


def check_parts(installation: Installation) -> list[Verdict]:
    """Say whether the rest of what was shipped is there; what it says is the user's to change."""
    wanted = [
        m
        for m in installation.shipped
        if m.kind in _WITHOUT and not (installation.only_diagnoses and m.of_executor)
    ]
    found = [(manifest, installation.found.get(manifest.key)) for manifest in wanted]
    bad = [
        _PARTS.warning(f"{manifest.told} is missing; {_WITHOUT[manifest.kind]}", manifest.apply)
        for manifest, seen in found
        if seen is None
    ]
    bad += _PARTS.unknown([seen for _, seen in found if isinstance(seen, Hidden)])
    if bad or not wanted:
        return bad
    return [_PARTS.ok(f"{', '.join(sorted({m.kind.kind for m in wanted}))}: all there")]
