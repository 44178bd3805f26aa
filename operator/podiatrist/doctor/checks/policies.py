"""The admission policies: there, bound, and not changed. Approvals are worth what these are."""

from podiatrist.doctor.differences import differences
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.kinds import POLICY, POLICY_BINDING, STAMP, STAMP_BINDING
from podiatrist.doctor.shipped import Manifest
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_POLICIES = Chart("policies")
_STAMPING = (STAMP, STAMP_BINDING)
_STAMP_SINCE = 36


def check_policies(installation: Installation) -> list[Verdict]:
    """Say whether admission enforces what the shipped policies say."""
    wanted = [
        manifest
        for manifest in installation.shipped
        if manifest.kind in (POLICY, POLICY_BINDING)
        or (manifest.kind in _STAMPING and not installation.server.older_than(_STAMP_SINCE))
    ]
    found = [(manifest, installation.found.get(manifest.key)) for manifest in wanted]
    bad = [verdict for one in found if (verdict := _judge(*one)) is not None]
    bad += _POLICIES.unknown([seen for _, seen in found if isinstance(seen, Hidden)])
    if bad:
        return bad
    told = ", ".join(m.name for m in wanted if m.kind in (POLICY, STAMP))
    return [_POLICIES.ok(f"{told}: bound, and as shipped")]


def _judge(manifest: Manifest, seen: object) -> Verdict | None:
    if isinstance(seen, Hidden):
        return None
    if not isinstance(seen, dict):
        return _POLICIES.broken(
            f"{manifest.told} is missing; without it {_loss(manifest)}", manifest.apply
        )
    changed = differences(manifest.body["spec"], seen.get("spec"))
    if not changed:
        return None
    return _POLICIES.broken(f"{manifest.told} was changed: {_told(changed, seen)}", manifest.apply)


def _loss(manifest: Manifest) -> str:
    if manifest.kind in _STAMPING:
        return "nobody can approve without naming himself"
    return "nothing is executed"


def _told(changed: list[str], seen: dict[str, object]) -> str:
    """Return what was changed; of what people do change, how it stands now."""
    spec = seen.get("spec")
    values = spec if isinstance(spec, dict) else {}
    for field in ("validationActions", "failurePolicy"):
        if any(path.startswith(f"spec.{field}") for path in changed):
            return f"{field} is {values.get(field)}"
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{changed[0]}{more}"
