"""What the pods really connect to is what `deploy/40-network.yaml` lets them.

The test cluster enforces no NetworkPolicy; so the policies are held against the sockets that are
open while the pods work.
"""

from typing import Any

import pytest

from tests.incluster.installation import ROLES, Installation

STATUS_PORT = 8080
_LISTENS = "0A"


def connections(installation: Installation, pod: str) -> set[int]:
    """Return the remote ports of the connections that a pod has opened."""
    found = set()
    for file in ("tcp", "tcp6"):
        table = installation.kube("exec", pod, "--", "cat", f"/proc/net/{file}")
        for line in table.splitlines()[1:]:
            _, local, remote, state, *_ = line.split()
            local_port, remote_port = (int(end.rpartition(":")[2], 16) for end in (local, remote))
            if state != _LISTENS and local_port != STATUS_PORT:
                found.add(remote_port)
    return found


def allowed(installation: Installation, role: str) -> set[int]:
    """Return the TCP ports that the stored policies of a role let out."""
    policy: dict[str, Any] = installation.kube.get("networkpolicy", role)
    rules = policy["spec"]["egress"]
    return {p["port"] for rule in rules for p in rule["ports"] if p["protocol"] == "TCP"}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_talked_to_but_who_is_named(installation: Installation, role: str) -> None:
    leader, _ = installation.new_leader(role, "", 30)
    seen = connections(installation, leader)
    assert seen, "a leader watches the API server"
    assert seen <= allowed(installation, role)


def test_everything_else_is_closed(installation: Installation) -> None:
    closed = installation.kube.get("networkpolicy", "default-deny")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
