"""Fixes for a peer that is named wrongly: the name or port in the variable or command."""

from dataclasses import dataclass

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.analyzers.common.revisions import older_revisions, propose_rollback
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.analyzers.dependencies.declared_peers import Peer
from podiatrist.cluster.objects import Container
from podiatrist.cluster.redaction import redact
from podiatrist.cluster.snapshot import Snapshot


@dataclass(frozen=True)
class Change:
    """What would have to be named instead, and why: a host, a port, or both (0: as it is)."""

    host: str
    port: int
    why: str


def propose(snapshot: Snapshot, peer: Peer | None, changes: list[Change]) -> tuple[Proposal, ...]:
    """Return the ways to name the right peer: back to the revision that did, or by hand."""
    if peer is None or not template_takes_effect(snapshot):
        return ()
    container = snapshot.template.container(peer.container)
    if container is None:
        return ()
    made = [p for change in changes if (p := _change(snapshot, container, peer, change))]
    if _older_differs(snapshot, peer):
        made = [*propose_rollback(snapshot), *made]
    return tuple(made)


def _change(
    snapshot: Snapshot, container: Container, peer: Peer, change: Change
) -> Proposal | None:
    old, new = peer.text, _new_text(peer, change)
    if peer.port_variable and change.port:
        action: SetEnv | SetCommand = SetEnv(
            object=snapshot.target,
            container=peer.container,
            name=peer.port_variable,
            value=str(change.port),
        )
        return Proposal(f"Set {peer.port_variable} to {change.port}", change.why, (action,))
    if new == old:
        return None
    if peer.variable:
        value = next((e.value for e in container.env if e.name == peer.variable), "")
        if old not in value or redact(value) != value:
            return None  # an option shows the whole value; one with a password stays unseen
        wanted = value.replace(old, new)
        action = SetEnv(
            object=snapshot.target, container=peer.container, name=peer.variable, value=wanted
        )
        return Proposal(f"Set {peer.variable} to {wanted}", change.why, (action,))
    run = [_swapped(word, old, new) for word in container.command]
    args = [_swapped(word, old, new) for word in container.args]
    if (run, args) == (container.command, container.args):
        return None
    action = SetCommand(object=snapshot.target, container=peer.container, run=run, args=args)
    return Proposal(
        f"Let container {peer.container} use {new} instead of {old}", change.why, (action,)
    )


def _swapped(word: str, old: str, new: str) -> str:
    return word.replace(old, new)


def _new_text(peer: Peer, change: Change) -> str:
    """Return what would stand where the peer stands: only the part that is wrong changes."""
    text = peer.text
    if change.host:
        old = peer.host if "." in change.host else peer.host.partition(".")[0]
        text = change.host + text[len(old) :]  # the rest, and the port, stay as they are
    if change.port and peer.port:
        head, _, tail = text.rpartition(str(peer.port))
        text = f"{head}{change.port}{tail}"
    return text


def _older_differs(snapshot: Snapshot, peer: Peer) -> bool:
    """Whether the revision that we would go back to names another peer, and its pods are well."""
    working = [r for r in older_revisions(snapshot) if r.status.ready_replicas > 0]
    if not working:
        return False
    before = working[0].spec.template.spec.container(peer.container)
    now = snapshot.template.container(peer.container)
    if before is None or now is None:
        return False
    if not peer.variable:
        return (before.command, before.args) != (now.command, now.args)
    names = (peer.variable, peer.port_variable)
    return any(_value(before, n) != _value(now, n) for n in names if n)


def _value(container: Container, name: str) -> str | None:
    return next((e.value for e in container.env if e.name == name), None)
