"""The closed set of actions, and the way between a typed action and its stored record."""

from pydantic import ValidationError

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.clear_priority_class import ClearPriorityClass
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.drop_node_rule import DropNodeRule
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.make_native_sidecar import MakeNativeSidecar
from podiatrist.actions.meet_pod_security import MeetPodSecurity
from podiatrist.actions.resume_rollout import ResumeRollout
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_autoscaler import SetAutoscaler
from podiatrist.actions.set_budget import SetBudget
from podiatrist.actions.set_claim import SetClaim
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_concurrency_policy import SetConcurrencyPolicy
from podiatrist.actions.set_dns_policy import SetDnsPolicy
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_ingress_backend import SetIngressBackend
from podiatrist.actions.set_ingress_class import SetIngressClass
from podiatrist.actions.set_mount import SetMount
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_reference import SetReference
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.actions.set_service_selector import SetServiceSelector
from podiatrist.actions.set_starting_deadline import SetStartingDeadline
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.actions.suspend_cron_job import SuspendCronJob
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.api.diagnosis import ActionRecord

ACTIONS: tuple[type[Action], ...] = (
    SetImage,
    SetResources,
    SetCommand,
    SetEnv,
    SetProbe,
    Scale,
    RolloutUndo,
    LabelNode,
    UncordonNode,
    DropNodeRule,
    AddToleration,
    SetClaim,
    DeletePod,
    SetServiceSelector,
    SetServicePort,
    SetIngressBackend,
    SetIngressClass,
    SetDnsPolicy,
    SetMount,
    SetReference,
    SetSecurityContext,
    SetVolumeLimit,
    MakeNativeSidecar,
    SetAutoscaler,
    SetBudget,
    SetConcurrencyPolicy,
    SetStartingDeadline,
    SuspendCronJob,
    MeetPodSecurity,
    ClearPriorityClass,
    ResumeRollout,
    SetStrategy,
)


def to_record(action: Action) -> ActionRecord:
    """Return an action as it is stored in an option."""
    return ActionRecord(
        type=type(action).__name__,
        object=action.object,
        parameters=action.model_dump(mode="json", by_alias=True, exclude={"type", "object"}),
    )


def parse_action(record: ActionRecord) -> Action:
    """Return the typed action of a stored record. Raises ActionError for anything else."""
    kind = next((a for a in ACTIONS if a.__name__ == record.type), None)
    if kind is None:
        raise ActionError(f"unknown action {record.type!r}")
    try:
        return kind.model_validate({**record.parameters, "object": record.object})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        at = f"{where}: " if where else ""  # nowhere: the fields do not fit together
        raise ActionError(f"{record.type}: {at}{first['msg']}") from None
