"""What the pods really connect to is what `deploy/40-network.yaml` lets them.

The test cluster enforces no NetworkPolicy; so the policies are held against the sockets that are
open while the pods work.
"""

import json
from functools import partial
from typing import Any

import pytest

from tests.e2e.kube import until
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


def test_no_role_needs_names_to_find_the_api_server(installation: Installation) -> None:
    """The executor may not reach any DNS; the operator may, where it has whom to look up."""
    name_server(installation, "127.0.0.1")
    try:
        installation.ready()
        for role in ROLES:
            until(partial(works, installation, role), f"{role} that leads without names")
    finally:
        name_server(installation, None)
        installation.ready()


def name_server(installation: Installation, address: str | None) -> None:
    """Give the pods this name server alone; None: that of the cluster."""
    asked = {"nameservers": [address]} if address else None
    pod = {"dnsPolicy": "None" if address else "ClusterFirst", "dnsConfig": asked}
    patch = json.dumps({"spec": {"template": {"spec": pod}}})
    for role in ROLES:
        installation.kube("patch", "deployment", role, "--type=merge", "-p", patch)


def works(installation: Installation, role: str) -> tuple[bool, str]:
    """Whether the leader is one of the pods that are to stay, and hears what it watches."""
    leader = installation.leader(role)
    if leader not in {pod["metadata"]["name"] for pod in installation.pods(role)}:
        return False, f"leader: {leader}"
    said = installation.ask(leader, "/readyz", check=False)
    return said == "ok\n", f"{leader}: {said}"
