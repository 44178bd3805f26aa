"""Which namespaces an installation looks into: all of them, or those of one team.

Confined to some, nothing is asked for that only a right in the whole cluster would give: no kind
that belongs to no namespace, no list over all namespaces. What is not asked for is unknown, which
is not the same as not there (docs/decisions/2026-11-28-namespaced-mode.md).
"""

from dataclasses import dataclass

from podiatrist.api import names
from podiatrist.cluster.errors import BeyondConfinesError
from podiatrist.cluster.kinds import CONFIG_MAP, LEASE, NAMESPACE, SERVICE_ACCOUNT, Kind

_OURS = (CONFIG_MAP, LEASE, SERVICE_ACCOUNT)
"""What a confined installation keeps in its own namespace, whichever it looks into."""


@dataclass(frozen=True)
class Confines:
    """Some namespaces by name; none named: all of them."""

    namespaces: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Confines":
        """Return what a setting names: namespaces, separated by commas or blanks."""
        return cls(tuple(dict.fromkeys(text.replace(",", " ").split())))

    @property
    def everywhere(self) -> bool:
        """Whether all of the cluster is looked at, and what belongs to no namespace as well."""
        return not self.namespaces

    def look_into(self, namespace: str) -> bool:
        """Whether a namespace is looked into."""
        return self.everywhere or namespace in self.namespaces

    def places(self, kind: Kind, namespace: str | None) -> tuple[str | None, ...]:
        """Return where a list goes: one request for each; None stands for all namespaces."""
        if namespace or self.everywhere or not kind.namespaced:
            return (namespace,)
        return self.namespaces

    def admit(self, kind: Kind, namespace: str | None, name: str | None) -> None:
        """Raise BeyondConfinesError for what is not looked at, and never asked for."""
        if self.everywhere:
            return
        if kind is NAMESPACE:
            # A Role in a namespace may grant a get of the Namespace of that name: the API server
            # takes /api/v1/namespaces/shop for a request inside shop.
            inside = name in self.namespaces
        elif kind.namespaced:
            own = namespace == names.NAMESPACE and kind in _OURS
            inside = own or self.look_into(namespace or "")
        else:
            inside = False
        if not inside:
            what = f"{kind.plural} {name}" if name else kind.plural
            where = f" in namespace {namespace}" if kind.namespaced and namespace else ""
            raise BeyondConfinesError(
                f"{what}{where} are not looked at: PODIATRIST_NAMESPACES confines Podiatrist to "
                f"{', '.join(self.namespaces)}"
            )


EVERYWHERE = Confines()
"""All namespaces, and what belongs to none."""
