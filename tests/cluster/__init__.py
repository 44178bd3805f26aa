"""A real Kubernetes for the tests and the demo: docs/cluster.md. Standard library only."""

from tests.cluster.choice import current, down, ensure_up
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError

__all__ = ["Cluster", "ClusterError", "current", "down", "ensure_up"]
