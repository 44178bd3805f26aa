"""Finds the object that somebody means: "some-app", "our control plane node", "shop/web".

People and weak models give names loosely. What is found is said; where several fit, they are
named and nothing is guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from podiatrist.agent.tool import ToolError
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import RefusedError
from podiatrist.cluster.kind_words import kind_named
from podiatrist.cluster.kinds import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    INGRESS,
    JOB,
    NODE,
    POD,
    PVC,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from podiatrist.cluster.objects import NamedObject, Node, Pod
from podiatrist.notice.owners import Owners, kind_of

_FILLERS = frozenset(
    ("the", "our", "my", "a", "an", "this", "that", "all", "of", "in", "on", "for", "called",
     "named", "workload", "workloads", "app", "application", "namespace", "cluster")
)  # fmt: skip
_FIRST = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB)
"""What a bare name means: whatever makes pods."""
_SECOND = (SERVICE, INGRESS, PVC)
_MOST_NAMED = 6
_ROLE = "node-role.kubernetes.io/"
_MASTER = {"master": "control-plane", "controlplane": "control-plane"}


@dataclass(frozen=True)
class Found:
    """An object, and how it was found; `how` is empty where it was named in full."""

    target: ObjectRef
    how: str = ""


@dataclass(frozen=True)
class Wanted:
    """What somebody's words say of an object: a kind perhaps, a namespace perhaps, and a name."""

    kind: Kind | None
    namespace: str
    name: str


def wanted(words: str, kind: str = "", namespace: str = "") -> Wanted:
    """Take somebody's words apart: `the some-app pods`, `deployment/web`, `shop/web`."""
    found = kind_named(kind)
    left: list[str] = []
    parts = words.strip().strip("\"'`.,?!").split()
    for part in parts:
        before, slash, name = part.partition("/")
        if slash and kind_named(before):
            found = kind_named(before)
        elif slash:
            namespace = namespace or before
        elif len(parts) > 1 and kind_named(part):
            found = found or kind_named(part)
            continue
        word = name if slash else part
        if word.lower() not in _FILLERS:
            left.append(word)
    return Wanted(found, namespace.strip(), " ".join(left))


class Finder:
    """Looks objects up with the user's rights, in the namespace of the conversation first."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def find(self, words: str, kind: str = "", namespace: str = "") -> Found:
        """Return the one object that is meant.

        Raises ToolError where there is none or more than one, ClusterError where nobody can say.
        """
        asked = wanted(words, kind, namespace)
        if asked.kind is NODE or _says_role(asked.name):
            return await self._node(asked.name)
        if not asked.name:
            raise ToolError("name the object, such as web or deployment/web")
        if asked.namespace:
            there = await self._in(asked, asked.namespace)
            if not there:
                raise ToolError(
                    f"nothing called {asked.name!r} in namespace {asked.namespace}"
                    f"{await self._elsewhere(asked)}"
                )
            return self._one(asked, there)
        here = await self._in(asked, self.namespace)
        if here:
            return self._one(asked, here)
        try:
            return self._one(asked, await self._in(asked, None))
        except RefusedError:
            raise ToolError(
                f"nothing called {asked.name!r} in namespace {self.namespace}, and you may not "
                "look into all namespaces; name the namespace"
            ) from None

    def _one(self, asked: Wanted, found: list[Found]) -> Found:
        if len(found) == 1:
            return found[0]
        if not found:
            raise ToolError(f"nothing called {asked.name!r} in any namespace")
        names = ", ".join(str(f.target) for f in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        raise ToolError(f"{asked.name!r} may mean {names}{more}; say which")

    async def _elsewhere(self, asked: Wanted) -> str:
        """Say where else that name is: weak models make namespaces up."""
        try:
            found = await self._in(asked, None)
        except RefusedError:
            return ""
        names = ", ".join(str(f.target) for f in found[:_MOST_NAMED])
        return f"; there is {names}" if names else ""

    async def _in(self, asked: Wanted, namespace: str | None) -> list[Found]:
        """Return what fits best: the very name, else its pods' owner, else part of a name.

        A name with something behind it is a pod's that a model made up: web-1 for web.
        """
        by_name = asked.kind is None or asked.kind is POD
        kinds = (asked.kind,) if asked.kind is not None and not by_name else _FIRST
        listed: list[ObjectRef] = []
        for kind in (*kinds, *(_SECOND if asked.kind is None else ())):
            refs = await self._refs(kind, namespace)
            exact = [r for r in refs if r.name == asked.name]
            if exact and kind in kinds:
                return [Found(r) for r in exact]
            listed += refs
        exact = [r for r in listed if r.name == asked.name]
        if exact:
            return [Found(r) for r in exact]
        if by_name:
            owners = await self._of_pod(asked.name, namespace)
            if owners:
                return owners
        word = asked.name.lower()
        return [
            Found(r, f"{asked.name} is taken for {r}")
            for r in listed
            if (len(word) > 2 and word in r.name.lower()) or word.startswith(f"{r.name.lower()}-")
        ]

    async def _refs(self, kind: Kind, namespace: str | None) -> list[ObjectRef]:
        objects = await self.client.list_typed(kind, NamedObject, namespace)
        return [
            ObjectRef(
                api_version=kind.api_version,
                kind=kind.kind,
                namespace=o.metadata.namespace or namespace,
                name=o.metadata.name,
            )
            for o in objects
        ]

    async def _of_pod(self, name: str, namespace: str | None) -> list[Found]:
        """Return the workloads whose pods have that name, or begin with it."""
        pods = await self.client.list_typed(POD, Pod, namespace)
        named = [p for p in pods if p.metadata.name == name]
        named = named or [p for p in pods if p.metadata.name.startswith(f"{name}-")]
        owners = Owners(self.client, lambda: datetime.now(UTC))
        tops = dict.fromkeys([await owners.top(pod) for pod in named])
        return [
            Found(
                ObjectRef(
                    api_version=top.api_version,
                    kind=top.kind,
                    namespace=top.namespace or None,
                    name=top.name,
                ),
                "" if kind_of(top) is POD else f"the pods of {name} belong to {top}",
            )
            for top in tops
        ]

    async def _node(self, words: str) -> Found:
        """Return the node of that name or role, or the only one there is."""
        nodes = await self.client.list_typed(NODE, Node)
        exact = [n for n in nodes if n.metadata.name == words]
        if exact:
            return Found(exact[0].ref)
        role = re.sub(r"[\s_]+", "-", re.sub(r"\bnodes?\b", "", words.lower()).strip(" -"))
        role = _MASTER.get(role, role)
        having = [n for n in nodes if f"{_ROLE}{role}" in n.metadata.labels] if role else nodes
        if role == "worker" and not having:
            having = [n for n in nodes if f"{_ROLE}control-plane" not in n.metadata.labels]
        if len(having) == 1:
            of = f"with role {role}" if role else "of the cluster"
            return Found(having[0].ref, f"{having[0].metadata.name} is the only node {of}")
        if having:
            names = _names(having)
            raise ToolError(f"there are {len(having)} such nodes: {names}; say which")
        raise ToolError(f"no node has the name or role {words!r}; the nodes are: {_names(nodes)}")


def _says_role(words: str) -> bool:
    return re.fullmatch(r"(control[\s_-]?plane|master|worker)", words.lower()) is not None


def _names(nodes: Iterable[Node]) -> str:
    told = []
    for node in nodes:
        roles = [k.removeprefix(_ROLE) for k in node.metadata.labels if k.startswith(_ROLE)]
        told.append(node.metadata.name + (f" ({', '.join(roles)})" if roles else ""))
    return ", ".join(told[:_MOST_NAMED]) + (" and more" if len(told) > _MOST_NAMED else "")
