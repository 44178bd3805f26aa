"""ConfigMaps, Secrets, keys and ServiceAccounts that a pod names and that are not there.

Secrets are never read: what is known of them is what the kubelet says, and which names and keys
pods of the namespace use that run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_reference import SetReference
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.common.rollout import is_at_rest
from podiatrist.analyzers.common.similar_names import similar_names
from podiatrist.analyzers.starting.complaints import Complaint, Explanation, volume_in
from podiatrist.cluster.kinds import CONFIG_MAP, SERVICE_ACCOUNT, Kind
from podiatrist.cluster.objects import Pod, PodSpec
from podiatrist.cluster.references import Reference, references
from podiatrist.cluster.snapshot import Snapshot

_NAME = re.compile(
    r'\b(configmap|secret|serviceaccount)s? "([^"\s]{1,253})" not found', re.IGNORECASE
)
_KEY = re.compile(
    r"couldn't find key ([^\s]{1,253}) in (ConfigMap|Secret) [^/\s]{1,253}/([^\s,\]]{1,253})"
)
_VOLUME_KEY = re.compile(r"references non-existent (config|secret) key: ([^\s,\]]{1,253})")
_KINDS = {
    "configmap": "ConfigMap",
    "config": "ConfigMap",
    "secret": "Secret",
    "serviceaccount": "ServiceAccount",
}
_OF_EVERY_NAMESPACE = "kube-root-ca.crt"
"""The ConfigMap that each namespace gets; nobody means it."""


@dataclass(frozen=True)
class Missing:
    """A name that is not there, or a key of one that is (`key` is "" for the name)."""

    kind: str
    name: str
    key: str = ""

    def __str__(self) -> str:
        """Return it for a sentence."""
        return (
            f"key {self.key} of {self.kind} {self.name}" if self.key else f"{self.kind} {self.name}"
        )

    @property
    def reason(self) -> str:
        """The finding's reason, such as ConfigMapKeyNotFound."""
        return f"{self.kind}{'Key' if self.key else ''}NotFound"

    def used_in(self, spec: PodSpec) -> list[Reference]:
        """Return the places of a pod spec that cannot do without it."""
        return [
            r
            for r in references(spec)
            if (r.kind, r.name) == (self.kind, self.name)
            and not r.optional
            and (not self.key or r.key == self.key)
        ]


def explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    """Explain a complaint about something that is named and missing; None for any other.

    The kubelet stops at the first thing that is missing. ConfigMaps and their keys are checked
    all at once, so that what mends the first is not undone for the sake of the second.
    """
    spec = complaint.pod.spec
    told = list(dict.fromkeys(_told(complaint, spec)))
    if not told:
        return None
    missing = [m for m in told if not _there_by_now(snapshot, m)]
    if not missing:
        return Explanation(key=("resolved",), reason="", text="")  # the kubelet tries again soon
    missing += [m for m in _also_missing(snapshot, spec) if m not in missing]
    return Explanation(
        key=("missing", *(str(m) for m in missing)),
        reason=missing[0].reason,
        text=_text(snapshot, spec, missing),
        fixes=tuple(_fixes(snapshot, missing)),
        absent_from=lambda older: not any(_asked_for(m, older) for m in missing),
    )


def _told(complaint: Complaint, spec: PodSpec) -> Iterator[Missing]:
    for kind, name in _NAME.findall(complaint.text):
        yield Missing(_KINDS[kind.lower()], name)
    for key, kind, name in _KEY.findall(complaint.text):
        yield Missing(kind, name, key)
    where = f"volume {volume_in(complaint.message)}"
    for word, key in _VOLUME_KEY.findall(complaint.text):
        for ref in references(spec):
            if (ref.kind, ref.key, ref.where) == (_KINDS[word], key, where) and not ref.optional:
                yield Missing(ref.kind, ref.name, key)


def _also_missing(snapshot: Snapshot, spec: PodSpec) -> Iterator[Missing]:
    for ref in references(spec):
        if ref.kind == "ConfigMap" and ref.name and not ref.optional:
            keys = _keys_of(snapshot, ref.name)
            if not _there(snapshot, CONFIG_MAP, ref.name, otherwise=True):
                yield Missing(ref.kind, ref.name)
            elif ref.key and keys is not None and ref.key not in keys:
                yield Missing(ref.kind, ref.name, ref.key)


def _there_by_now(snapshot: Snapshot, missing: Missing) -> bool:
    if missing.kind == "ServiceAccount":
        return _there(snapshot, SERVICE_ACCOUNT, missing.name, otherwise=False)
    if missing.kind != "ConfigMap":
        return False
    if missing.key:
        return missing.key in (_keys_of(snapshot, missing.name) or ())
    return _there(snapshot, CONFIG_MAP, missing.name, otherwise=False)


def _there(snapshot: Snapshot, kind: Kind, name: str, *, otherwise: bool) -> bool:
    names = snapshot.names.get(kind)
    return otherwise if names is None else name in names


def _keys_of(snapshot: Snapshot, name: str) -> list[str] | None:
    found = (c for c in snapshot.config_maps if c.metadata.name == name)
    return next((c.keys for c in found), None)


def _asked_for(missing: Missing, spec: PodSpec) -> bool:
    if missing.kind == "ServiceAccount":
        return spec.service_account_name == missing.name
    return bool(missing.used_in(spec))


def _text(snapshot: Snapshot, spec: PodSpec, missing: list[Missing]) -> str:
    parts = []
    for one in missing[:3]:
        places = list(dict.fromkeys(r.where for r in one.used_in(spec)))
        used = f" ({and_more(places, 2)})" if places else ""
        does_not = "is not in it" if one.key else "does not exist"
        parts.append(f"{one}{used} {does_not}{_hint(snapshot, one)}")
    if len(missing) > 3:
        parts.append(f"{len(missing) - 3} more are missing")
    remedy = "Correct the name" if len(missing) == 1 else "Correct the names"
    return "; ".join(parts) + f". {remedy}, or create what is missing."


def _hint(snapshot: Snapshot, missing: Missing) -> str:
    meant = _candidates(snapshot, missing)
    if meant:
        return f" (did you mean {' or '.join(meant)}?)"
    if missing.kind == "ServiceAccount":
        return ""
    if missing.key and (keys := _keys_of(snapshot, missing.name)) is not None:
        return f"; it has {and_more(keys, 6)}" if keys else "; it has no keys at all"
    if any(missing.used_in(p.spec) for p in snapshot.namespace_pods if is_at_rest(p)):
        return "; running pods were started with it, so it was probably deleted since"
    elsewhere = sorted(
        {
            p.metadata.namespace
            for p in snapshot.cluster_pods
            if p.metadata.namespace != snapshot.namespace and is_at_rest(p)
            if missing.used_in(p.spec)
        }
    )
    if elsewhere and not missing.key and missing.name != _OF_EVERY_NAMESPACE:
        return f"; namespace {elsewhere[0]} has one of that name, but each namespace needs its own"
    return ""


def _candidates(snapshot: Snapshot, missing: Missing) -> list[str]:
    """Return what may have been meant and would do: it exists, and has the keys asked for."""
    if missing.kind == "ServiceAccount":
        return similar_names(
            missing.name, sorted(snapshot.names.get(SERVICE_ACCOUNT, frozenset()) - {"default"})
        )
    if missing.kind == "ConfigMap":
        if missing.key:
            return similar_names(missing.key, _keys_of(snapshot, missing.name) or [])
        wanted = {r.key for r in missing.used_in(snapshot.template) if r.key}
        known = sorted(snapshot.names.get(CONFIG_MAP, frozenset()) - {_OF_EVERY_NAMESPACE})
        return [
            name
            for name in similar_names(missing.name, known)
            if (keys := _keys_of(snapshot, name)) is None or wanted <= set(keys)
        ]
    used = [r for p in _running(snapshot) for r in references(p.spec) if r.kind == "Secret"]
    used = [r for r in used if not r.optional]
    if missing.key:
        keys = sorted({r.key for r in used if r.name == missing.name and r.key})
        return similar_names(missing.key, keys)
    return similar_names(missing.name, sorted({r.name for r in used}))


def _running(snapshot: Snapshot) -> list[Pod]:
    return [p for p in snapshot.namespace_pods if is_at_rest(p) and not p.ended]


def _fixes(snapshot: Snapshot, missing: list[Missing]) -> Iterator[Proposal]:
    """Yield corrections of all that is missing at once; the best guess for each, then the next."""
    asked = [m for m in missing if _asked_for(m, snapshot.template)]
    guesses = [_candidates(snapshot, m) for m in asked]
    if not asked or not all(guesses):
        return
    for rank in range(2 if len(asked) == 1 else 1):
        if rank >= len(guesses[0]):
            return
        chosen = [(m, g[min(rank, len(g) - 1)]) for m, g in zip(asked, guesses, strict=True)]
        yield Proposal(
            title="Use " + " and ".join(f"{new} instead of {_short(m)}" for m, new in chosen),
            rationale=" ".join(_why(snapshot, m, new) for m, new in chosen),
            actions=tuple(
                SetReference.model_validate(
                    {
                        "object": snapshot.target,
                        "to": m.kind,
                        "name": m.name,
                        "key": m.key,
                        "new": n,
                    }
                )
                for m, n in chosen
            ),
        )


def _short(missing: Missing) -> str:
    return f"{missing.key} of {missing.kind} {missing.name}" if missing.key else str(missing)


def _why(snapshot: Snapshot, missing: Missing, new: str) -> str:
    if missing.kind == "Secret":
        what = f"key {new} of it" if missing.key else f"Secret {new}"
        keys = sorted({r.key for r in missing.used_in(snapshot.template) if r.key})
        unchecked = f" Nobody has checked that it has {', '.join(keys)}." if keys else ""
        return (
            f"{missing} is not there; {what} is used by running pods of this namespace and close "
            f"to it.{'' if missing.key else unchecked}"
        )
    return f"{missing} is not there; {new} is, and is close to it."
