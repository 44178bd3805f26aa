"""The rights of our ServiceAccounts: all that were shipped, and not one more."""

from podiatrist.api import names
from podiatrist.cluster.kinds import Object
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from podiatrist.doctor.rights import (
    ACCOUNTS,
    EVERYWHERE,
    NOBODY,
    Right,
    Rights,
    granted,
    holding_in,
    shipped_rights,
    username,
)
from podiatrist.doctor.shipped import Manifest
from podiatrist.doctor.verdict import Chart, Hidden, Verdict, word

_RIGHTS = Chart("rights")
_ACCOUNT = "ServiceAccount"
_GRANTING = (CLUSTER_ROLE, ROLE, CLUSTER_ROLE_BINDING, ROLE_BINDING)


def check_rights(installation: Installation) -> list[Verdict]:
    """Say whether accounts, roles and bindings are as shipped, and nothing else grants anything."""
    wanted = [
        m
        for m in installation.shipped
        if (m.kind in _GRANTING or m.kind.kind == _ACCOUNT)
        and not (installation.only_diagnoses and m.of_executor)
    ]
    found = [(manifest, installation.found.get(manifest.key)) for manifest in wanted]
    hidden = [seen for _, seen in found if isinstance(seen, Hidden)]
    if isinstance(installation.bindings, Hidden):
        hidden.append(installation.bindings)
    bad = [verdict for one in found if (verdict := _judge(*one)) is not None]
    bad += _strange_bindings(installation)
    # The API server's own word says the same again where something was found already.
    bad = bad or _effective(installation)
    bad += _granted_to_all(installation)
    hidden += [seen for seen in installation.effective.values() if isinstance(seen, Hidden)]
    bad += _RIGHTS.unknown(hidden)
    return bad or [_RIGHTS.ok(f"{', '.join(ACCOUNTS)}: what was shipped, and nothing more")]


def _judge(manifest: Manifest, seen: object) -> Verdict | None:
    if isinstance(seen, Hidden):
        return None
    if not isinstance(seen, dict):
        return _RIGHTS.broken(f"{manifest.told} is missing", manifest.apply)
    if manifest.kind in (CLUSTER_ROLE, ROLE):
        return _judge_role(manifest, seen)
    if manifest.kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
        return _judge_binding(manifest, seen)
    return None


def _judge_role(manifest: Manifest, seen: Object) -> Verdict | None:
    where = manifest.namespace or EVERYWHERE
    expected, found = (
        granted(manifest.body["rules"], where),
        granted(seen.get("rules") or [], where),
    )
    if expected == found:
        return None
    lost, more = _told(expected - found), _told(found - expected)
    said = [f"lacks {lost}"] if lost else []
    said += [f"grants more than was shipped: {more}"] if more else []
    return _RIGHTS.broken(f"{manifest.told} {'; '.join(said)}", manifest.apply)


def _judge_binding(manifest: Manifest, seen: Object) -> Verdict | None:
    if manifest.body["roleRef"] != seen.get("roleRef"):
        role = seen.get("roleRef") or {}
        again = f"{_delete(manifest.kind.kind, manifest.namespace or '', manifest.name)} && "
        return _RIGHTS.broken(
            f"{manifest.told} grants {role.get('kind')} {role.get('name')}", again + manifest.apply
        )
    expected, found = _subjects(manifest.body), _subjects(seen)
    if expected == found:
        return None
    lost, more = expected - found, found - expected
    said = [f"does not name {', '.join(sorted(lost))}"] if lost else []
    said += [f"names {', '.join(sorted(more))} as well"] if more else []
    return _RIGHTS.broken(f"{manifest.told} {'; '.join(said)}", manifest.apply)


def _subjects(binding: Object) -> set[str]:
    return {
        f"{s.get('kind')} {s.get('namespace', '')}/{s.get('name')}".replace(" /", " ")
        for s in binding.get("subjects") or []
    }


def _strange_bindings(installation: Installation) -> list[Verdict]:
    """Return the bindings that name an account of ours and were not shipped."""
    if isinstance(installation.bindings, Hidden):
        return []
    ours = {m.key for m in installation.shipped}
    return [
        _RIGHTS.broken(
            f"{b.kind} {b.name} gives {b.role} to {', '.join(sorted(_subjects_of(b.subjects)))}; "
            "it was not shipped",
            _delete(b.kind, b.namespace, b.name),
        )
        for b in installation.bindings
        if b.to_all is None and (b.kind, b.namespace, b.name) not in ours
    ]


def _subjects_of(subjects: list[Object]) -> set[str]:
    return _subjects({"subjects": subjects})


def _delete(kind: str, namespace: str, name: str) -> str:
    where = f"-n {word(namespace)} " if namespace else ""
    return f"kubectl {where}delete {kind.lower()} {word(name)}"


def _effective(installation: Installation) -> list[Verdict]:
    """Return what the API server lets an account do beyond what was shipped, or refuses."""
    bad: list[Verdict] = []
    everybody = installation.effective.get(NOBODY)
    common = frozenset[Right]() if isinstance(everybody, Hidden | None) else everybody
    for account in ACCOUNTS:
        seen = installation.effective.get(username(account))
        if isinstance(seen, Hidden | None):
            continue
        if installation.only_diagnoses and account == "executor":
            continue
        shipped = shipped_rights(installation.shipped, account)
        expected: Rights = frozenset().union(*(holding_in(shipped, p) for p in installation.places))
        listing = f"kubectl auth can-i --list --as={username(account)} -n {names.NAMESPACE}"
        if lost := _told(expected - seen):
            said = f"the API server does not let {account} {lost}, though the roles say so"
            bad.append(_RIGHTS.broken(said, listing))
        if more := _told(seen - expected - common):
            said = f"the API server lets {account} do more than was shipped: {more}"
            bad.append(_RIGHTS.broken(said, listing))
    return bad


def _granted_to_all(installation: Installation) -> list[Verdict]:
    """Return what every account is granted, ours with it, that none of ours should have.

    A warning and not more: nobody did it to Podiatrist, and other things may depend on it. The
    API server's word is for what no binding tells, as where webhooks authorize.
    """
    bindings = [] if isinstance(installation.bindings, Hidden) else installation.bindings
    told = [
        _RIGHTS.warning(
            f"{b.kind} {b.name} grants to every account, and so to ours: {_told(grave)}",
            f"kubectl {f'-n {word(b.namespace)} ' if b.namespace else ''}get -o yaml "
            f"{b.kind.lower()} {word(b.name)}",
        )
        for b in bindings
        if isinstance(b.to_all, frozenset) and (grave := _grave(b.to_all))
    ]
    everybody = installation.effective.get(NOBODY)
    if not told and isinstance(everybody, frozenset) and (grave := _grave(everybody)):
        listing = f"kubectl auth can-i --list --as={NOBODY} -n {names.NAMESPACE}"
        said = f"the API server lets every account, and so ours: {_told(grave)}"
        told = [_RIGHTS.warning(said, listing)]
    return told + _RIGHTS.unknown([b.to_all for b in bindings if isinstance(b.to_all, Hidden)])


def _grave(rights: Rights) -> Rights:
    return frozenset(right for right in rights if right.is_grave)


def _told(rights: Rights) -> str:
    """Return the first few rights in words."""
    told = sorted(right.told for right in rights)
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return ", ".join(told[:3]) + more
