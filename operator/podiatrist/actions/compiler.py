"""Compiles actions into a Plan: exact patches, their inverse, and the digest over all of it.

Operator and executor compile the same actions independently. The operator to offer an option;
the executor, from the objects as they are then, to see whether it would still be doing exactly
what was approved: the digests are equal if and only if it would.
"""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.diff import deletion_line, diff_lines, shorten
from podiatrist.actions.patches import changes_between, deletion_of, patch_of
from podiatrist.api.diagnosis import AppliedPatch, ObjectRef, Risk, Write
from podiatrist.cluster.snapshot import compact

Object = dict[str, Any]

_PATCH_LIMIT = 40 * 1024
"""Bytes of all patches and inverse patches of an option. They are stored whole in a status that
stays under 64 KiB; a cut patch would be another patch."""

MOST_ACTIONS = 8
"""Changes of one option, deletions among them."""

_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


@dataclass(frozen=True)
class Proposal:
    """A fix that a rule (or a model) suggests, before it is compiled.

    `risk` may raise the actions' own risk, never lower it.
    """

    title: str
    rationale: str
    actions: tuple[Action, ...]
    risk: Risk = Risk.LOW

    @property
    def overall_risk(self) -> Risk:
        """The highest risk of the proposal and its actions."""
        return max((self.risk, *(a.risk for a in self.actions)), key=_RISKS.index)


@dataclass(frozen=True)
class Plan:
    """What would be done, to the byte."""

    digest: str
    patches: list[AppliedPatch]
    inverse: list[AppliedPatch]
    writes: list[Write]
    commands: list[str]
    diff: list[str] = field(default_factory=list)


def objects_needed(actions: Sequence[Action]) -> list[ObjectRef]:
    """Return every object that compiling these actions looks at."""
    refs = [ref for action in actions for ref in (action.object, *action.reads())]
    return list(dict.fromkeys(refs))


def compile_plan(
    actions: Sequence[Action],
    live: Mapping[ObjectRef, Object],
    *,
    target_uid: str,
    target_spec_hash: str,
    checks: Sequence[str],
) -> Plan:
    """Compile actions against the objects as they are.

    Raises ActionError where an object is missing, an action does not fit, or nothing would change.
    """
    if len(actions) > MOST_ACTIONS:
        raise ActionError(f"{len(actions)} changes are too many for one option")
    state = {ref: copy.deepcopy(raw) for ref, raw in live.items()}
    for action in actions:
        if action.object not in state:
            raise ActionError(f"{action.object} does not exist")
        state[action.object] = _applied(action, state)
    patches, inverse, writes, diff = [], [], [], []
    for ref in dict.fromkeys(a.object for a in actions if a.verb == "patch"):
        changes = changes_between(live[ref], state[ref])
        if not changes:
            raise ActionError(f"{ref} is already as the option would make it")
        uid = str((live[ref].get("metadata") or {}).get("uid") or "")
        patches.append(AppliedPatch(object=ref, patch=patch_of(changes, uid, live[ref])))
        back = [change.reversed() for change in reversed(changes)]
        inverse.append(AppliedPatch(object=ref, patch=patch_of(back, uid, state[ref])))
        writes.append(_write(actions, ref))
        diff += diff_lines(ref, live[ref], state[ref])
    # Last, so that `inverse` stays parallel to the patches before them: nothing undoes these.
    for ref in dict.fromkeys(a.object for a in actions if a.verb == "delete"):
        uid = str((live[ref].get("metadata") or {}).get("uid") or "")
        if not uid:
            raise ActionError(f"{ref} has no UID: another one could be deleted in its place")
        patches.append(AppliedPatch(object=ref, patch=deletion_of(uid), verb="delete"))
        writes.append(_write(actions, ref))
        diff.append(deletion_line(ref))
    if sum(len(p.patch.encode()) for p in (*patches, *inverse)) > _PATCH_LIMIT:
        raise ActionError("the change is too large to be approved as one option")
    return Plan(
        digest=digest_of(target_uid, target_spec_hash, patches, inverse, checks),
        patches=patches,
        inverse=inverse,
        writes=writes,
        commands=[action.command() for action in actions],
        diff=shorten(diff),
    )


def _applied(action: Action, state: Mapping[ObjectRef, Object]) -> Object:
    try:
        _ = action.kind  # raises where the action may not change such an object
        return action.apply(state[action.object], state)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        raise ActionError(f"{action.object} does not look like a {action.object.kind}") from None


def _write(actions: Sequence[Action], ref: ObjectRef) -> Write:
    action = next(action for action in actions if action.object == ref)
    kind = action.kind
    return Write(
        verb=action.verb,
        group=kind.group,
        resource=kind.plural,
        namespace=ref.namespace or "",
        name=ref.name,
    )


def digest_of(
    uid: str,
    spec_hash: str,
    patches: Sequence[AppliedPatch],
    inverse: Sequence[AppliedPatch],
    checks: Sequence[str],
) -> str:
    """Return eight hexadecimal digits over everything that a human approves."""
    whole = {
        "uid": uid,
        "specHash": spec_hash,
        "patches": [p.model_dump(mode="json", exclude_defaults=True) for p in patches],
        "inverse": [p.model_dump(mode="json", exclude_defaults=True) for p in inverse],
        "checks": list(checks),
    }
    return hashlib.sha256(compact(whole).encode(errors="surrogatepass")).hexdigest()[:8]
