"""Which cluster is meant: `CLUSTER=own` (the default), `kind`, or `current` (kubectl's context)."""

import os
from typing import Protocol

from tests.cluster import existing, kind, own
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say, to_stderr


class Provider(Protocol):
    """What each of the three modules does."""

    def up(self, say: Say) -> Cluster: ...
    def current(self) -> Cluster | None: ...
    def down(self, say: Say) -> None: ...


def provider() -> Provider:
    """The module that $CLUSTER names."""
    match chosen := os.environ.get("CLUSTER") or "own":
        case "own":
            return own
        case "kind":
            return kind
        case "current":
            return existing
    raise ClusterError(f"CLUSTER={chosen} is not known", "use CLUSTER=own, kind or current")


def ensure_up(progress: Say = to_stderr) -> Cluster:
    """The cluster, started if it is not up. Raises ClusterError."""
    return provider().up(progress)


def current() -> Cluster | None:
    """The cluster if it is up; asks and starts nothing."""
    return provider().current()


def down() -> None:
    """Take the cluster down, whatever state it is in; nothing happens when there is none."""
    provider().down(to_stderr)
