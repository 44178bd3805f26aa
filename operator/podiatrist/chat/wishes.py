"""From what a model writes of a change to typed actions out of the closed set.

A model names the action, the object as people do, and the action's fields. The rest is filled in
by code, where only one thing can be meant: the container of a pod that has one, the value of a
label that the workload just looked at asks for.
"""

from typing import Any

from pydantic import Field

from podiatrist.actions.base import Action, ActionError, Object
from podiatrist.actions.catalog import ACTIONS, parse_action
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.template import pod_spec
from podiatrist.agent.tool import Arguments, ToolError
from podiatrist.api.diagnosis import ActionRecord, ObjectRef
from podiatrist.chat.find import Finder
from podiatrist.chat.look import Look
from podiatrist.cluster.kinds import DEPLOYMENT, NODE, find_kind
from podiatrist.cluster.reader import Reader

_OWN = ("type", "object")

OFFERED: tuple[type[Action], ...] = tuple(a for a in ACTIONS if a is not DeletePod)
"""What may be asked for in words. A pod is deleted only as part of an option, which knows whose
it is and that somebody makes it anew."""


class Wish(Arguments):
    """One change that the user asked for."""

    action: str = Field(
        description="One of the actions above.",
        json_schema_extra={"enum": [a.__name__ for a in OFFERED]},
    )
    object: str = Field(description="What to change: `deployment/web`, `control plane node`.")
    namespace: str = Field(default="", description="Only if the user named one.")
    fields: dict[str, Any] = Field(default_factory=dict, description="The action's fields.")


def signatures() -> str:
    """Return every action with its fields, for a model: `Scale(replicas)`."""
    return ", ".join(f"{a.__name__}({', '.join(_fields(a))})" for a in OFFERED)


def _fields(action: type[Action]) -> list[str]:
    return [
        (field.alias or name) + ("" if field.is_required() else "?")
        for name, field in action.model_fields.items()
        if name not in _OWN
    ]


async def typed(
    wish: Wish, finder: Finder, reader: Reader, last: Look | None
) -> tuple[Action, str]:
    """Return the action that is wished for, and what was taken for granted.

    Raises ToolError with what is wrong, ClusterError where the object cannot be read.
    """
    kind = next((a for a in OFFERED if a.__name__.lower() == wish.action.strip().lower()), None)
    if kind is None:
        raise ToolError(f"there is no action {wish.action!r}; the actions are: {signatures()}")
    wanted = kind.kinds[0].kind if len(kind.kinds) == 1 else ""
    found = await finder.find(wish.object, wanted, wish.namespace)
    fields, remarks = dict(wish.fields), [found.how] if found.how else []
    if kind is LabelNode:
        fields, said = label_fields(fields, last)
        remarks += said
    if "container" in kind.model_fields and not fields.get("container"):
        fields["container"] = await _only_container(finder, found.target)
    if kind is RolloutUndo and not fields.get("replicaSet"):
        fields = await _previous_revision(reader, found.target, fields.get("revision"))
    record = ActionRecord(type=kind.__name__, object=found.target, parameters=fields)
    try:
        action = parse_action(record)
        _ = action.kind
    except ActionError as error:
        raise ToolError(f"{error}; it is {kind.__name__}({', '.join(_fields(kind))})") from None
    return action, "; ".join(remarks)


def label_fields(fields: dict[str, Any], last: Look | None) -> tuple[dict[str, Any], list[str]]:
    """Return key and value of a label, however they were written, and what was assumed.

    Without a value it is the one that the workload just looked at asks for, else empty, as
    `kubectl label` has it for `key=`.
    """
    key = str(fields.get("key") or fields.get("label") or fields.get("name") or "")
    if not key and len(fields) == 1:
        key, given = next(iter(fields.items()))
        fields = {"value": given}
    given = fields.get("value")
    value = "" if given is None else str(given).lower() if isinstance(given, bool) else str(given)
    key, equals, rest = key.partition("=")
    value = rest if equals else value
    asked = last.wanted_labels.get(key) if last else None
    if not value and asked and last:
        return {"key": key, "value": asked}, [f"{last.target} asks for {key}={asked}"]
    return {"key": key, "value": value}, []


async def _only_container(finder: Finder, target: ObjectRef) -> str:
    kind = find_kind(target.api_version, target.kind)
    if kind is None or kind is NODE or kind.template is None:
        return ""
    try:
        spec: Object = pod_spec(kind, await finder.client.get(kind, target.namespace, target.name))
    except ActionError:
        return ""
    names = [str(c.get("name")) for c in spec.get("containers") or [] if isinstance(c, dict)]
    if len(names) == 1:
        return names[0]
    raise ToolError(f"name the container, one of: {', '.join(names)}")


async def _previous_revision(reader: Reader, target: ObjectRef, revision: Any) -> dict[str, Any]:
    """Return the fields of a RolloutUndo: to that revision, else to the one before the newest."""
    kind = find_kind(target.api_version, target.kind)
    if kind is not DEPLOYMENT:
        raise ToolError(f"only a Deployment can go back to a revision, not {target}")
    snapshot = await reader.read(kind, target.namespace, target.name)
    older = snapshot.revisions[1:]
    for earlier in older:
        if revision in (None, 0, "") or str(revision) == str(earlier.revision):
            return {"revision": earlier.revision, "replicaSet": earlier.metadata.name}
    known = ", ".join(str(r.revision) for r in older) or "none"
    raise ToolError(f"{target} has no such earlier revision; there are: {known}")
