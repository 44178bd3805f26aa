"""Which actions a model may suggest for a target, and what it is told about their fields.

A part of the closed set, chosen by what the target is and how it looks: a model picks better from
eight than from thirty. It never names the object: that is the target, or, where an action changes
a node or a pod, one of those that are there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.base import Action
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.drop_node_rule import DropNodeRule
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.scale import Scale
from podiatrist.actions.scope import PROTECTED_NAMESPACES, labels_asked_for
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.actions.set_budget import SetBudget
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_concurrency_policy import SetConcurrencyPolicy
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_ingress_backend import SetIngressBackend
from podiatrist.actions.set_ingress_class import SetIngressClass
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_reference import SetReference
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.actions.set_service_selector import SetServiceSelector
from podiatrist.actions.set_starting_deadline import SetStartingDeadline
from podiatrist.actions.suspend_cron_job import SuspendCronJob
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.cluster.kinds import DAEMON_SET, NODE, STATEFUL_SET
from podiatrist.cluster.snapshot import Snapshot

Choices = Callable[[Snapshot], Sequence[str] | Sequence[int]]

_MOST_CHOICES = 20

_UNTOLD = (
    "title", "default", "pattern", "minLength", "maxLength", "minProperties", "maxProperties",
    "maxItems",
)  # fmt: skip
"""Parts of a schema that cost tokens or that small servers cannot hold a model to."""


@dataclass(frozen=True)
class Offer:
    """An action and the fields that a model may fill in.

    `fields` holds what is said about each, "" where the name says it. `choices` are the only
    values that make sense for a field; an action whose choice is empty is not offered.
    """

    action: type[Action]
    says: str
    fields: Mapping[str, str]
    choices: Mapping[str, Choices] = field(default_factory=dict)
    fits: Callable[[Snapshot], bool] = lambda snapshot: True

    @property
    def name(self) -> str:
        """The action's name."""
        return self.action.__name__

    def schema(self, snapshot: Snapshot) -> dict[str, Any]:
        """Return the JSON schema of one such action."""
        whole = self.action.model_json_schema(by_alias=True)
        properties: dict[str, Any] = {"type": {"type": "string", "enum": [self.name]}}
        for name, says in self.fields.items():
            shape = dict(whole["properties"].get(name, {"type": "string"}))
            shape = {k: v for k, v in shape.items() if k not in _UNTOLD}
            if name in self.choices:
                values = list(self.choices[name](snapshot))[:_MOST_CHOICES]
                shape = {"type": "integer" if isinstance(values[0], int) else "string"}
                shape["enum"] = values
            properties[name] = shape | ({"description": says} if says else {})
        required = [n for n in self.fields if n in whole["required"] or n in self.choices]
        return {
            "type": "object",
            "description": self.says,
            "properties": properties,
            "required": ["type", *required],
            "additionalProperties": False,
        }


def offers_for(snapshot: Snapshot) -> list[Offer]:
    """Return what may be suggested for a target; nothing where it is never changed."""
    if snapshot.target.namespace in PROTECTED_NAMESPACES:
        return []
    return [offer for offer in _OFFERS if _is_for(offer, snapshot)]


def _is_for(offer: Offer, snapshot: Snapshot) -> bool:
    kinds = offer.action.kinds
    on_target = snapshot.kind in kinds
    around = snapshot.kind.template is not None and offer.action in (LabelNode, UncordonNode)
    owned = offer.action is DeletePod and snapshot.kind in (STATEFUL_SET, DAEMON_SET)
    if not (on_target or around or owned) or not offer.fits(snapshot):
        return False
    return all(choices(snapshot) for choices in offer.choices.values())


def _containers(snapshot: Snapshot) -> list[str]:
    return [c.name for c in snapshot.template.all_containers]


def _nodes(snapshot: Snapshot) -> list[str]:
    return [n.metadata.name for n in snapshot.nodes]


def _cordoned(snapshot: Snapshot) -> list[str]:
    cordoned = [n.metadata.name for n in snapshot.nodes if n.spec.unschedulable]
    if snapshot.kind is NODE:
        return [name for name in cordoned if name == snapshot.metadata.name]
    return cordoned if _is_unscheduled(snapshot) else []


def _labels(snapshot: Snapshot) -> list[str]:
    return sorted(labels_asked_for(snapshot.template)) if _is_unscheduled(snapshot) else []


def _pods(snapshot: Snapshot) -> list[str]:
    return [p.metadata.name for p in snapshot.pods if not p.ended]


def _older(snapshot: Snapshot) -> list[int]:
    return [r.revision for r in snapshot.revisions[1:] if r.revision > 0]


def _is_unscheduled(snapshot: Snapshot) -> bool:
    return any(not p.spec.node_name and not p.ended for p in snapshot.pods)


def _has_probes(snapshot: Snapshot) -> bool:
    containers = snapshot.template.all_containers
    return any(c.liveness_probe or c.readiness_probe or c.startup_probe for c in containers)


def _has_taints(snapshot: Snapshot) -> bool:
    return _is_unscheduled(snapshot) and any(n.spec.taints for n in snapshot.nodes)


_IN = {"container": _containers}

_OFFERS: tuple[Offer, ...] = (
    Offer(
        SetImage, "Set the image of a container.",
        {"container": "", "image": "The whole reference, in the registry used now."}, _IN,
    ),
    Offer(
        SetEnv, "Set one environment variable of a container.",
        {"container": "", "name": "", "value": ""}, _IN,
    ),
    Offer(
        SetCommand, "Set what a container runs: command (run) and args, both whole.",
        {"container": "", "run": "Empty: the image's own.", "args": ""}, _IN,
    ),
    Offer(
        SetResources, "Set requests or limits of a container.",
        {"container": "", "requests": "Such as cpu: 100m, memory: 128Mi.", "limits": ""}, _IN,
    ),
    Offer(
        SetProbe, "Change a probe that is there; leave out what stays.",
        {
            "container": "", "probe": "", "path": "", "port": "",
            "timeoutSeconds": "", "periodSeconds": "", "failureThreshold": "",
        },
        _IN, _has_probes,
    ),
    Offer(
        SetReference, "Use another ConfigMap, Secret, ServiceAccount or PriorityClass, or key.",
        {"to": "", "name": "The name used now.", "key": "Only to change a key.", "new": ""},
    ),
    Offer(Scale, "Set the number of replicas.", {"replicas": ""}),
    Offer(
        RolloutUndo, "Go back to an earlier revision.", {"revision": ""}, {"revision": _older}
    ),
    Offer(
        DropNodeRule, "Drop the workload's rule about a node label.", {"key": ""},
        {"key": _labels},
    ),
    Offer(
        LabelNode, "Give a node a label that the workload asks for.",
        {"node": "", "key": "", "value": ""}, {"node": _nodes, "key": _labels},
    ),
    Offer(
        AddToleration, "Tolerate a taint of nodes.", {"key": "", "value": "", "effect": ""},
        fits=_has_taints,
    ),
    Offer(UncordonNode, "Let pods onto a cordoned node.", {"node": ""}, {"node": _cordoned}),
    Offer(DeletePod, "Delete one pod, for it to be made anew.", {"pod": ""}, {"pod": _pods}),
    Offer(SuspendCronJob, "Stop or start making Jobs.", {"suspend": ""}),
    Offer(SetConcurrencyPolicy, "Say what happens when runs overlap.", {"policy": ""}),
    Offer(SetStartingDeadline, "How late a run may start.", {"seconds": ""}),
    Offer(SetServiceSelector, "Replace the whole selector.", {"selector": "Labels of the pods."}),
    Offer(
        SetServicePort, "Set the target port of a port.",
        {"port": "The Service's port.", "targetPort": "Number or name in the pods."},
    ),
    Offer(
        SetIngressBackend, "Replace a backend wherever it is named.",
        {"service": "The one now.", "port": "Its port now.", "toService": "", "toPort": ""},
    ),
    Offer(SetIngressClass, "Set the IngressClass.", {"ingressClass": ""}),
    Offer(SetAutoscaler, "Set the bounds.", {"minReplicas": "", "maxReplicas": ""}),
    Offer(SetBudget, "Set one of the two.", {"maxUnavailable": "", "minAvailable": ""}),
)  # fmt: skip
