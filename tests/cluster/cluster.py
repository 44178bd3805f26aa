"""What a test or the demo needs to know of a cluster, whoever runs it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cluster:
    """A cluster that is up. `audit_log` is None where the API server is not ours to configure."""

    name: str
    kubeconfig: Path
    kubectl: Path
    containers: bool
    why_no_containers: str
    audit_log: Path | None
