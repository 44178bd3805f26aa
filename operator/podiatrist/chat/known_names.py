"""Names of the cluster for completion at the prompt: namespaces, workloads, nodes."""

from dataclasses import dataclass, field

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import DAEMON_SET, DEPLOYMENT, NAMESPACE, NODE, SERVICE, STATEFUL_SET

_MOST = 5000


@dataclass
class KnownNames:
    """Names as they were when the conversation began; what may not be listed is left out."""

    names: set[str] = field(default_factory=set)

    def all(self) -> set[str]:
        """Return what is known so far."""
        return self.names

    async def load(self, client: Client) -> None:
        """Read the names; nobody waits for this, and nobody misses what fails."""
        for kind in (NAMESPACE, DEPLOYMENT, STATEFUL_SET, DAEMON_SET, SERVICE, NODE):
            try:
                found = await client.list_names(kind)
            except ClusterError:
                continue
            self.names.update(sorted(found)[: _MOST - len(self.names)])
