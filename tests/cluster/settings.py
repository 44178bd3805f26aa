"""What one cluster is, fixed at `up` and written to its state folder for the first process."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster.errors import ClusterError

NODE_NAME = "node1"
NODE_ADDRESS = "172.18.0.2"
POD_RANGE = "10.244.0.0/16"
NODE_POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
REGISTRY_PORT = 5000
BROKEN_TLS_PORT = 5001
SILENT_PORT = 5002


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the control plane; with containers, inside the network namespace.

    The API server's is the same inside and on the host, so that one kubeconfig serves both.
    """

    api: int
    etcd: int = 2379
    etcd_peer: int = 2380


@dataclass(frozen=True)
class Settings:
    """One cluster; `images` and `debian` are empty paths where there are no containers."""

    name: str
    state: Path
    programs: Path
    images: Path
    debian: Path
    ports: Ports
    containers: bool
    why_no_containers: str

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "admin.kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.log"

    def save(self) -> None:
        """Write the settings, whole or not at all."""
        unfinished = self.state / ".cluster.json"
        unfinished.write_text(json.dumps(asdict(self), default=str, indent=2))
        unfinished.rename(self.state / "cluster.json")


def load(state: Path) -> Settings | None:
    """The settings saved in a state folder; None when there are none."""
    try:
        raw = json.loads((state / "cluster.json").read_text())
    except FileNotFoundError:
        return None
    for key in ("state", "programs", "images", "debian"):
        raw[key] = Path(raw[key])
    try:
        return Settings(**raw | {"ports": Ports(**raw["ports"])})
    except TypeError as error:
        raise ClusterError(
            "the running cluster was started by another version of tests/cluster",
            "run `python3 -m tests.cluster down`, then `up`",
        ) from error
