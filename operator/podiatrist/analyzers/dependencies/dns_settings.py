"""Pods that do not ask the cluster's DNS, so that no Service has a name for them."""

from dataclasses import dataclass

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_dns_policy import SetDnsPolicy
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.objects import Pod
from podiatrist.cluster.snapshot import Snapshot


@dataclass(frozen=True)
class DnsTrouble:
    """Why a pod does not know the cluster's names.

    `certain` is false where the pod's settings may still lead to an answer of another server.
    """

    why: str
    evidence: Evidence
    certain: bool
    host_network: bool

    def proposals(self, snapshot: Snapshot) -> tuple[Proposal, ...]:
        """Propose the policy under which the pods ask the cluster's DNS."""
        if not template_takes_effect(snapshot):
            return ()
        policy = "ClusterFirstWithHostNet" if self.host_network else "ClusterFirst"
        action = SetDnsPolicy.model_validate({"object": snapshot.target, "policy": policy})
        rationale = "Then the pods ask the cluster's DNS, which knows the Services by name."
        return (Proposal(f"Set dnsPolicy to {policy}", rationale, (action,)),)


def dns_trouble(pod: Pod) -> DnsTrouble | None:
    """Return what keeps a pod from the cluster's names, None where nothing does."""
    policy, on_host = pod.spec.dns_policy, pod.spec.host_network
    if policy == "Default":
        why = "its dnsPolicy is Default, so it asks the node's resolver"
    elif policy == "None":
        why = "its dnsPolicy is None, so it asks only the name servers of its dnsConfig"
    elif on_host and policy == "ClusterFirst":
        why = (
            "it runs on the node's network, where dnsPolicy ClusterFirst means the node's resolver"
        )
    else:
        return None
    wanted = "ClusterFirstWithHostNet" if on_host else "ClusterFirst"
    return DnsTrouble(
        why=f"{why}, which does not know the cluster's Services; set dnsPolicy to {wanted}",
        evidence=Evidence(
            source=f"kubectl -n {pod.metadata.namespace} get pod {pod.metadata.name} "
            "-o jsonpath={.spec.dnsPolicy}",
            quote=policy,
        ),
        certain=policy == "None",
        host_network=on_host,
    )
