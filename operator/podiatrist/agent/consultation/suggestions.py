"""From what a model suggests to proposals: typed actions in scope, or a reason why not.

The model fills in fields; the object to change, the title and the risk are ours. A suggestion
with one wrong action is dropped whole: half of a fix is another fix.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.compiler import Proposal, compile_plan, objects_needed
from podiatrist.actions.delete_pod import DeletePod
from podiatrist.actions.label_node import LabelNode
from podiatrist.actions.rollout_undo import RolloutUndo
from podiatrist.actions.scope import check_scope
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_reference import SetReference
from podiatrist.actions.uncordon_node import UncordonNode
from podiatrist.agent.consultation.offers import Offer
from podiatrist.agent.consultation.report import Suggestion
from podiatrist.agent.consultation.wording import plain
from podiatrist.analyzers.images.image_reference import parse_image
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import NODE, POD, REPLICA_SET
from podiatrist.cluster.redaction import MASK, redact
from podiatrist.cluster.snapshot import Snapshot, compact

_RATIONALE = 400
_TITLE = 200
_LONGEST_VALUE = 1024


def propose(
    suggestions: Sequence[Suggestion], snapshot: Snapshot, offers: Sequence[Offer], seen: str = ""
) -> tuple[list[Proposal], list[str]]:
    """Return the suggestions that could be carried out, and why others were dropped.

    `seen` is the text of all observations (addresses in the model's words are held against it).
    """
    proposals: list[Proposal] = []
    dropped: list[str] = []
    for suggestion in suggestions:
        try:
            actions = tuple(_action(raw, snapshot, offers) for raw in suggestion.actions)
            for action in actions:
                check_scope(action, snapshot.target, snapshot.template)
            _try(actions, snapshot)
        except ActionError as error:
            types = ", ".join(str(raw.get("type")) for raw in suggestion.actions)
            dropped.append(plain(f"suggestion {types}: {error}", _RATIONALE, seen))
            continue
        proposal = Proposal(
            title=title(actions),
            rationale=f"The model suggests it: {plain(suggestion.why, _RATIONALE, seen)}",
            actions=actions,
            risk=_risk(actions, snapshot),
        )
        if actions not in [p.actions for p in proposals]:
            proposals.append(proposal)
    return proposals, dropped


def title(actions: Sequence[Action]) -> str:
    """Return what actions do, in a line: `Set image (container=app, image=nginx:1.27)`."""
    return redact("; ".join(map(_title, actions)))[:_TITLE]


def _title(action: Action) -> str:
    name = type(action).__name__
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
    hidden = {"type", "object", "owner", "replica_set"}
    given = action.model_dump(
        mode="json", by_alias=True, exclude=hidden, exclude_unset=True, exclude_defaults=True
    )
    values = ", ".join(f"{k}={v if isinstance(v, str) else compact(v)}" for k, v in given.items())
    where = f" {action.object.name}" if action.object.kind in (NODE.kind, POD.kind) else ""
    return f"{words}{where} ({values})" if values else f"{words}{where}"


def _action(raw: dict[str, Any], snapshot: Snapshot, offers: Sequence[Offer]) -> Action:
    """Return one typed action. Raises ActionError for all that was not offered like this."""
    offer = next((o for o in offers if o.name == raw.get("type")), None)
    if offer is None:
        names = ", ".join(o.name for o in offers) or "none"
        raise ActionError(f"no such action here; there are: {names}")
    given = {k: v for k, v in raw.items() if k != "type"}
    for field, value in given.items():
        if field not in offer.fields:
            raise ActionError(
                f"no field {field!r}; the fields are {', '.join(offer.fields)}, and the object "
                "is always the target"
            )
        _check_value(field, value)
    for field, choices in offer.choices.items():
        known = choices(snapshot)
        if given.get(field) not in known:
            raise ActionError(f"{field} must be one of {', '.join(map(str, known))[:200]}")
    try:
        action = offer.action.model_validate(_complete(offer, given, snapshot))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ActionError(f"{where}: {first['msg']}") from None
    if isinstance(action, SetEnv):
        _check_value(action.name, action.value)  # a password has no place in a template
    _check_image(action, snapshot)
    return action


def _complete(offer: Offer, given: dict[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Add the object, and what follows from it."""
    target = snapshot.target
    if offer.action in (LabelNode, UncordonNode):
        node = given.pop("node")
        return {**given, "object": ObjectRef(api_version="v1", kind=NODE.kind, name=node)}
    if offer.action is DeletePod:
        pod = next(p for p in snapshot.pods if p.metadata.name == given["pod"])
        controller = pod.metadata.controller
        between = controller.name if controller and controller.kind == REPLICA_SET.kind else ""
        return {"object": pod.ref, "owner": target, "replicaSet": between}
    if offer.action is RolloutUndo:
        found = next(r for r in snapshot.revisions if r.revision == given["revision"])
        return {**given, "replicaSet": found.metadata.name, "object": target}
    return {**given, "object": target}


def _check_value(field: str, value: Any) -> None:
    """Raise ActionError for text that reads differently from what it is, or that was masked.

    What a human approves is shown to him: no look-alikes from other alphabets, no invisible
    characters. A masked value out of an observation would set `***`.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            _check_value(field, name)
            _check_value(f"{field}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            _check_value(field, item)
    elif isinstance(value, str):
        if len(value) > _LONGEST_VALUE:
            raise ActionError(f"{field} is longer than {_LONGEST_VALUE} characters")
        if not (value.isascii() and value.isprintable()):
            raise ActionError(f"{field} holds characters other than plain ASCII")
        if MASK in value or redact(f"{field}={value}") != f"{field}={value}":
            raise ActionError(f"{field} holds a secret, or what is left of one")


def _check_image(action: Action, snapshot: Snapshot) -> None:
    """Raise ActionError where a model leads to another registry: nobody there is known."""
    if not isinstance(action, SetImage):
        return
    now = snapshot.template.container(action.container)
    old, new = parse_image(now.image if now else ""), parse_image(action.image)
    if new is None:
        raise ActionError(f"{action.image!r} is no image reference")
    if old is None or old.registry != new.registry:
        raise ActionError(f"it leads to another registry, {new.registry}: a human has to say so")


def _risk(actions: Sequence[Action], snapshot: Snapshot) -> Risk:
    """Return at least Medium; High for what brings other code or other people's data in."""
    return Risk.HIGH if any(_is_risky(action, snapshot) for action in actions) else Risk.MEDIUM


def _is_risky(action: Action, snapshot: Snapshot) -> bool:
    if isinstance(action, SetImage):
        now = snapshot.template.container(action.container)
        old, new = parse_image(now.image if now else ""), parse_image(action.image)
        return old is None or new is None or old.repository != new.repository
    if isinstance(action, SetReference):
        return action.to in ("Secret", "ServiceAccount")
    return isinstance(action, SetCommand)


def _try(actions: Sequence[Action], snapshot: Snapshot) -> None:
    """Raise ActionError where the actions do not compile against what was read."""
    live = {ref: snapshot.find(ref) for ref in objects_needed(actions)}
    compile_plan(
        actions,
        {ref: raw for ref, raw in live.items() if raw is not None},
        target_uid=snapshot.metadata.uid,
        target_spec_hash="",
        checks=(),
    )
