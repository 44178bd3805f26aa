"""Pod sandboxes that cannot be made, and pods whose memory limit is too small to begin with."""

import re
from typing import Any

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_resources import SetResources
from podiatrist.analyzers.starting.complaints import Complaint, Explanation
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects import Container, PodSpec
from podiatrist.cluster.quantity import format_bytes, quantity_or_zero
from podiatrist.cluster.snapshot import Snapshot

_RUNTIME = re.compile(r'no runtime for "([^"]{0,253})" is configured')
_SYSCTL = re.compile(r"/proc/sys/([A-Za-z0-9_./-]{1,200}): ([A-Za-z ]{1,80})")
_RANGE = re.compile(r"no IP addresses available in range set: ([0-9A-Fa-f.:-]{1,200})")
_PLUGIN = re.compile(r'failed to find plugin "([^"]{1,100})" in path')
_PAUSE = re.compile(
    r'failed to (?:get sandbox image|pull image|pull and unpack image) "([^"]{1,300})"'
)
_NETWORK = re.compile(r"network for (?:pod )?sandbox|cni plugin not initialized|plugin type=")
_FULL = "no space left on device"
_SMALLEST = 6 * 2**20
"""Bytes of memory below which a sandbox or its token volume does not fit (runc, containerd)."""


def explain(snapshot: Snapshot, complaint: Complaint) -> Explanation | None:
    """Explain a complaint of the sandbox or a full disk; None for any other."""
    spec, text = complaint.pod.spec, complaint.text
    tiny = _tiny_limits(spec)
    if tiny and (_FULL in text or "OOM-killed" in text or "memory limit too low" in text):
        return _too_little_memory(snapshot, tiny)
    if _FULL in text:
        return _full_disk(snapshot, complaint)
    if not complaint.reason.startswith("FailedCreatePodSandBox"):
        return None
    if found := _RUNTIME.search(text):
        name = spec.runtime_class_name
        return Explanation(
            key=("RuntimeHandlerNotFound", name),
            reason="RuntimeHandlerNotFound",
            text=f"RuntimeClass {name} wants the runtime handler {found[1]!r}, which containerd on "
            f"node {spec.node_name} does not have. Install and configure it there, give the "
            "RuntimeClass a nodeSelector for nodes that have it, or use another runtimeClassName.",
            absent_from=lambda older: older.runtime_class_name != name,
        )
    if found := _SYSCTL.search(text):
        setting = found[1].replace("/", ".")
        return Explanation(
            key=("SysctlInvalid", setting),
            reason="SysctlInvalid",
            text=f"the kernel refuses the pod's value for sysctl {setting} ({found[2].strip()}). "
            "Correct it in the pod's securityContext.sysctls.",
            absent_from=lambda older: _sysctls(older) != _sysctls(spec),
        )
    return _network(complaint)


def _sysctls(spec: PodSpec) -> list[dict[str, Any]]:
    return spec.security_context.sysctls if spec.security_context else []


def _network(complaint: Complaint) -> Explanation:
    node, text = complaint.pod.spec.node_name, complaint.text
    if found := _RANGE.search(text):
        reason = "PodIPsExhausted"
        why = f"node {node} has no free pod IP left in {found[1]}: too many pods, or leases of "
        why += "pods that are gone (/var/lib/cni/networks on the node)"
    elif found := _PLUGIN.search(text):
        reason = "NetworkPluginNotFound"
        why = f"the network plugin {found[1]} is not installed on node {node}"
    elif _NETWORK.search(text):
        reason = "PodNetworkFailed"
        why = f"the network plugin of node {node} failed: {_said(text)}"
    elif found := _PAUSE.search(text):
        reason = "SandboxImageFailed"
        why = f"node {node} cannot pull the sandbox's own image {found[1]}"
    else:
        reason = "SandboxFailed"
        why = f"the container runtime of node {node} cannot make the pod's sandbox: {_said(text)}"
    return Explanation(key=(reason, node), reason=reason, text=f"{why}.")


def _said(text: str) -> str:
    said = " ".join(text.rpartition("desc = ")[2].split()).rstrip(".")
    return said if len(said) <= 300 else said[-300:]


def _full_disk(snapshot: Snapshot, complaint: Complaint) -> Explanation:
    name = complaint.pod.spec.node_name
    node = next((n for n in snapshot.nodes if n.metadata.name == name), None)
    pressed = node is not None and any(
        c.type == "DiskPressure" and c.status == "True" for c in node.status.conditions
    )
    return Explanation(
        key=("NodeDiskFull", name),
        reason="NodeDiskFull",
        text=f"the disk of node {name} is full (no space left on device). Free space there: "
        "unused images, logs, files of stopped containers; or give the node a larger disk.",
        cause=ObjectRef(api_version="v1", kind="Node", name=name) if pressed else None,
    )


def _tiny_limits(spec: PodSpec) -> list[Container]:
    """Return the containers whose memory limit no process fits into."""
    return [
        c
        for c in spec.all_containers
        if "memory" in c.resources.limits
        and quantity_or_zero(c.resources.limits["memory"]) < _SMALLEST
    ]


def _meant(limit: str) -> str:
    """Return the amount that was probably meant: `128m` and `128` are Mi in people's minds."""
    number = re.fullmatch(r"([0-9]{1,5})(m|M|K|Ki|k)?", limit)
    if number and (number[2] == "m" or (not number[2])) and 16 <= int(number[1]) <= 65536:
        return f"{number[1]}Mi"
    return "64Mi"


def _too_little_memory(snapshot: Snapshot, tiny: list[Container]) -> Explanation:
    said = {c.name: str(c.resources.limits["memory"]) for c in tiny}
    in_bytes = {name: format_bytes(quantity_or_zero(amount)) for name, amount in said.items()}
    parts = [
        f"the memory limit of container {name} is {amount}"
        + (
            f", which is {quantity_or_zero(amount).normalize():f} bytes (m means thousandths)"
            if amount.endswith("m")
            else f" ({in_bytes[name]} bytes)"
            if amount.isdigit()
            else ""
        )
        for name, amount in said.items()
    ]
    meant = {name: _meant(amount) for name, amount in said.items()}
    return Explanation(
        key=("MemoryLimitTooSmall", *said),
        reason="MemoryLimitTooSmall",
        text=f"{' and '.join(parts)}: too little for the pod's sandbox to start at all. Raise the "
        "limit.",
        fixes=(
            Proposal(
                title="Set the memory limit of "
                + " and of ".join(f"{name} to {amount}" for name, amount in meant.items()),
                rationale="Nothing runs in so little memory, and the unit suggests a slip; whether "
                "the new limit is enough for the program shows when it runs.",
                actions=tuple(
                    SetResources(
                        object=snapshot.target,
                        container=c.name,
                        limits={"memory": meant[c.name]},
                        requests=_request(snapshot.template, c.name, meant[c.name]),
                    )
                    for c in tiny
                ),
            ),
        ),
        absent_from=lambda older: not _tiny_limits(older),
    )


def _request(template: PodSpec, name: str, limit: str) -> dict[str, str]:
    """Return the request that goes with a limit: the same where they were the same."""
    found = template.container(name) or Container()
    asked = found.resources.requests.get("memory")
    same = asked is not None and asked == found.resources.limits.get("memory")
    return {"memory": limit} if same else {}
