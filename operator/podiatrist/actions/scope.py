"""What an option may touch: the target itself, its pods, and nodes as a workload asks for them.

Checked when an option is offered and again by the executor, whoever suggested the option.
"""

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.objects import PodSpec

PROTECTED_NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "podiatrist")


def labels_asked_for(spec: PodSpec) -> set[str]:
    """Return the node label keys that a pod requires."""
    affinity = spec.affinity.node_affinity if spec.affinity else None
    terms = affinity.required.node_selector_terms if affinity and affinity.required else []
    return {*spec.node_selector, *(r.key for term in terms for r in term.match_expressions)}


def check_scope(action: Action, target: ObjectRef, template: PodSpec) -> None:
    """Raise ActionError where an action reaches beyond the failing workload."""
    if target.namespace in PROTECTED_NAMESPACES:
        raise ActionError(f"workloads in {target.namespace} are diagnosed, never changed")
    if isinstance(action, LabelNode):
        if action.key not in labels_asked_for(template):
            raise ActionError(f"{target} does not ask for the node label {action.key}")
    elif isinstance(action, UncordonNode):
        return
    elif isinstance(action, DeletePod):
        # That the pod is the owner's is checked against both objects when it is compiled.
        if action.owner != target or action.object.namespace != target.namespace:
            raise ActionError(f"{action.object} is no pod of {target}")
    elif action.object != target:
        raise ActionError(f"{action.object} is not {target}")
