"""What runs, as one value: for a person to read and for programs as JSON."""

import json
from pathlib import Path

from tests.cluster import build, outages, packages, processes
from tests.cluster.settings import Settings


def of(cluster: Settings) -> dict[str, object]:
    """All there is to know about a running cluster of our own."""
    running = outages.pids(cluster.state)
    return {
        "name": cluster.name,
        "server": f"https://127.0.0.1:{cluster.ports.api}",
        "kubeconfig": str(cluster.kubeconfig),
        "kubectl": str(cluster.programs / "kubectl"),
        "containers": cluster.containers,
        "why_no_containers": cluster.why_no_containers,
        "audit_log": str(cluster.audit_log),
        "logs": str(cluster.logs),
        "state": str(cluster.state),
        "first_process": processes.first(cluster.state),
        "versions": {
            "kubernetes": build.version("k8s.io/kubernetes"),
            "etcd": build.version("go.etcd.io/etcd/server/v3"),
            "coredns": build.version("github.com/coredns/coredns"),
            **(packages.versions(cluster.debian) if cluster.containers else {}),
        },
        "components": {
            name: "stopped" if outages.stopped(cluster.state, name) else _word(pid)
            for name, pid in running.items()
        },
    }


def text(told: dict[str, object]) -> str:
    """The same for a person, a line each."""
    lines = []
    for key, value in told.items():
        shown = value if not isinstance(value, dict) else ""
        lines.append(f"{key:18} {shown}".rstrip())
        if isinstance(value, dict):
            lines += [f"  {name:24} {one}" for name, one in value.items()]
    return "\n".join(lines)


def as_json(told: dict[str, object] | None) -> str:
    """One JSON object; `up` is false, and alone, when there is no cluster."""
    return json.dumps({"up": told is not None, **(told or {})}, indent=2, default=str)


def tail_command(cluster: Settings, component: str, *, follow: bool) -> list[str]:
    """The command that shows a component's log."""
    file: Path = cluster.logs / f"{component}.log"
    return ["tail", "--lines=+1", *(["--follow=name"] if follow else []), str(file)]


def _word(pid: int | None) -> str:
    return "restarting" if pid is None else f"running, pid {pid} inside"
