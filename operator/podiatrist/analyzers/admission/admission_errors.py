"""What the API server says when it refuses a pod, parsed: the admission plugins' own words.

Texts are those of Kubernetes 1.37 (plugin/pkg/admission/..., apiserver admission/plugin/webhook).
They may come from anybody's webhook: every pattern is bounded, and only the start is looked at.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_LONGEST = 8192
_AMOUNTS = r"([^\s,=]{1,200}=[^\s,]{0,80}(?:,[^\s,=]{1,200}=[^\s,]{0,80}){0,40})"

_ABOUT = re.compile(r'\b([A-Za-z][A-Za-z.]{0,60}) "([^"]{0,253})" is (?:forbidden|invalid): ')
_QUOTA = re.compile(
    rf"exceeded quota: ([^\s,]{{1,253}}), requested: {_AMOUNTS}, "
    rf"used: {_AMOUNTS}, limited: {_AMOUNTS}"
)
_UNSPECIFIED = re.compile(r"failed quota: ([^\s:]{1,253}): must specify (.{1,2000})", re.DOTALL)
_NEED = re.compile(r"([a-z][a-z.\-/]{0,200}) for: ([^;\s]{1,1000})")
_BOUND = re.compile(
    r"(maximum|minimum) ([^\s]{1,200}) usage per (Container|Pod|PersistentVolumeClaim) is "
    r"([^\s,]{1,40}?)(?:, but (limit|request) is ([^\s,\]]{1,40})"
    r"|\.  No (limit|request) is specified)"
)
_RATIO = re.compile(
    r"([^\s\[]{1,200}) max limit to request ratio per (Container|Pod) is ([^\s,]{1,40}), but "
)
_CONFLICT = re.compile(
    r"spec\.(containers|initContainers)\[(\d{1,3})\]\.resources\.requests: "
    r'Invalid value: "([^"]{1,40})": must be less than or equal to ([^\s]{1,200}) limit of '
    r"([^\s,\]]{1,40})"
)
_POD_SECURITY = re.compile(r'violates PodSecurity "([^"]{1,80})": (.{1,6000})', re.DOTALL)
_ACCOUNT = re.compile(
    r'service ?account "?([^\s"]{1,253})"? (?:was )?not found|'
    r"error looking up service account [^\s/]{1,253}/([^\s:]{1,253}):"
)
_PRIORITY = re.compile(r"no PriorityClass with name ([^\s]{1,253}) was found")
_RUNTIME = re.compile(r'RuntimeClass "([^"]{1,253})" not found')
_DENIED = re.compile(
    r'admission webhook "([^"]{1,253})" denied the request(?:: (.{0,2000})| without explanation)',
    re.DOTALL,
)
_FAILED = re.compile(r'failed calling webhook "([^"]{1,253})": (.{0,3000})', re.DOTALL)
_SERVICE = re.compile(r"https?://([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.svc\b")
_POLICY = re.compile(
    r"ValidatingAdmissionPolicy '([^']{1,253})' with binding '([^']{1,253})' denied request: "
    r"(.{0,2000})",
    re.DOTALL,
)
_PASSING = (
    "because it is being terminated",
    "status unknown for quota",
    "object is being deleted",
    "caches not synchronized",
    "not yet ready to handle request",
    "etcdserver:",
)


@dataclass(frozen=True)
class QuotaExceeded:
    """One more would be more than a ResourceQuota allows; amounts by its resource names."""

    quota: str
    requested: dict[str, str]
    used: dict[str, str]
    limited: dict[str, str]


@dataclass(frozen=True)
class QuotaUnspecified:
    """A ResourceQuota counts resources of which containers say nothing."""

    quota: str
    needs: dict[str, tuple[str, ...]]
    """Containers by the quota's resource name: `limits.memory`."""


@dataclass(frozen=True)
class Bound:
    """One limit of a LimitRange that does not hold. `asked` is "" where nothing is asked for."""

    kind: str
    resource: str
    per: str
    bound: str
    asked: str = ""

    def __str__(self) -> str:
        """Return `memory limit 1Gi is over the maximum 256Mi per Container`."""
        if self.kind == "ratio":
            return f"{self.resource} limit is over {self.bound} times the request, per {self.per}"
        which = "limit" if self.kind == "maximum" else "request"
        if not self.asked:
            return f"no {self.resource} {which}, where {self.bound} per {self.per} is the " + (
                "most" if self.kind == "maximum" else "least"
            )
        side = "over the maximum" if self.kind == "maximum" else "under the minimum"
        return f"{self.resource} {which} {self.asked} is {side} of {self.bound} per {self.per}"


@dataclass(frozen=True)
class OutOfBounds:
    """What is asked for is outside of what a LimitRange allows."""

    bounds: tuple[Bound, ...]


@dataclass(frozen=True)
class DefaultConflict:
    """A LimitRange gave the container a default limit that is below what it requests."""

    group: str
    index: int
    resource: str
    request: str
    limit: str


@dataclass(frozen=True)
class PodSecurityViolated:
    """The namespace's Pod Security level does not allow the pod."""

    level: str
    violations: tuple[str, ...]


@dataclass(frozen=True)
class NameMissing:
    """The template names a ServiceAccount, PriorityClass or RuntimeClass that does not exist."""

    kind: str
    name: str


@dataclass(frozen=True)
class PolicyDenied:
    """A webhook or a ValidatingAdmissionPolicy looked at the pod and said no."""

    by: str
    name: str
    said: str


@dataclass(frozen=True)
class WebhookFailed:
    """A webhook that must be asked does not answer. `service` is its name and namespace."""

    name: str
    said: str
    service: tuple[str, str] | None = None


@dataclass(frozen=True)
class Other:
    """Refused in words that we do not know."""

    said: str


Why = (
    QuotaExceeded | QuotaUnspecified | OutOfBounds | DefaultConflict | PodSecurityViolated
    | NameMissing | PolicyDenied | WebhookFailed | Other
)  # fmt: skip


@dataclass(frozen=True)
class Refused:
    """What was to be made (`pods`, `persistentvolumeclaims`, `jobs.batch`) and why it was not."""

    what: str
    why: Why = field(default_factory=lambda: Other(""))


def parse_refusal(message: str) -> Refused | None:
    """Return why an object was refused; None where it is no refusal, or one that passes."""
    text = message[:_LONGEST]
    if any(passing in text for passing in _PASSING):
        return None
    about = _ABOUT.search(text)
    what = about.group(1).lower() if about else "pods"
    what = "pods" if what == "pod" else what
    said = text[about.end() :] if about else text
    for reader in _READERS:
        why = reader(said)
        if why is not None:
            return Refused(what, why)
    return Refused(what, Other(said.strip())) if about else None


def _quota(text: str) -> Why | None:
    match = _QUOTA.search(text)
    if match is None:
        return None
    return QuotaExceeded(match.group(1), *(_amounts(match.group(i)) for i in (2, 3, 4)))


def _amounts(text: str) -> dict[str, str]:
    return {name: amount for part in text.split(",") for name, _, amount in [part.partition("=")]}


def _unspecified(text: str) -> Why | None:
    match = _UNSPECIFIED.search(text)
    needs = dict(_NEED.findall(match.group(2))) if match else {}
    if match is None or not needs:
        return None
    return QuotaUnspecified(
        match.group(1), {name: tuple(who.split(",")) for name, who in needs.items()}
    )


def _bounds(text: str) -> Why | None:
    found = [
        Bound(kind, resource, per, bound, asked)
        for kind, resource, per, bound, _, asked, _ in _BOUND.findall(text)
    ]
    found += [Bound("ratio", *parts) for parts in _RATIO.findall(text)]
    return OutOfBounds(tuple(found)) if found else None


def _conflict(text: str) -> Why | None:
    match = _CONFLICT.search(text)
    if match is None:
        return None
    group, index, request, resource, limit = match.groups()
    return DefaultConflict(group, int(index), resource, request, limit)


def _pod_security(text: str) -> Why | None:
    match = _POD_SECURITY.search(text)
    if match is None:
        return None
    return PodSecurityViolated(match.group(1), tuple(_split(match.group(2))))


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [p for p in (*parts, text[start:].strip()) if p][:32]


def _missing(text: str) -> Why | None:
    for kind, pattern in (
        ("PriorityClass", _PRIORITY),
        ("RuntimeClass", _RUNTIME),
        ("ServiceAccount", _ACCOUNT),
    ):
        match = pattern.search(text)
        if match is not None:
            return NameMissing(kind, next(g for g in match.groups() if g))
    return None


def _denied(text: str) -> Why | None:
    match = _POLICY.search(text)
    if match is not None:
        return PolicyDenied("ValidatingAdmissionPolicy", match.group(1), match.group(3).strip())
    match = _DENIED.search(text)
    if match is not None:
        return PolicyDenied("webhook", match.group(1), (match.group(2) or "").strip())
    return None


def _failed(text: str) -> Why | None:
    match = _FAILED.search(text)
    if match is None:
        return None
    service = _SERVICE.search(match.group(2))
    where = (service.group(1), service.group(2)) if service else None
    return WebhookFailed(match.group(1), match.group(2).strip(), where)


_READERS: tuple[Callable[[str], Why | None], ...] = (
    # A webhook's own words may hold anything, so who speaks is found out first.
    _denied,
    _failed,
    _pod_security,
    _quota,
    _unspecified,
    _bounds,
    _conflict,
    _missing,
)
