"""Reads an installation once, with the rights of whoever asks. Changes nothing.

The only thing created are SelfSubjectRulesReviews, which the API server answers and does not keep.
"""

import asyncio
import re
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.confines import Confines
from podiatrist.cluster.errors import ClusterError, NotFoundError, RefusedError
from podiatrist.cluster.failed_logs import read_failed_logs
from podiatrist.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    DIAGNOSIS,
    LEASE,
    NAMESPACE,
    POD,
    Object,
)
from podiatrist.cluster.objects import Metadata, Pod, Workload, parse
from podiatrist.cluster.store import parse_diagnosis
from podiatrist.doctor.installation import (
    ROLES,
    Binding,
    Found,
    Installation,
    Lease,
    Model,
    Version,
    places_of,
)
from podiatrist.doctor.kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CRD,
    ROLE,
    ROLE_BINDING,
    SECRET,
    right,
)
from podiatrist.doctor.rights import (
    ACCOUNTS,
    EVERYWHERE,
    NOBODY,
    Rights,
    granted,
    is_everybody,
    is_ours,
    username,
)
from podiatrist.doctor.shipped import NAMESPACES, Key, Manifest, shipped
from podiatrist.doctor.verdict import Hidden

SETTINGS, MODEL_SECRET = "podiatrist", "podiatrist-model"
"""Our ConfigMap with the settings, and the Secret with the model's key."""

_OURS = names.NAMESPACE
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_AT_ONCE = 8
"""Requests at a time: the API server has others to answer."""

T = TypeVar("T")


async def read_installation(
    client: Client, program: str, manifests: tuple[Manifest, ...]
) -> Installation:
    """Return the installation, held against `manifests`, or where it is confined to some
    namespaces, against what is shipped for those.

    Raises ClusterError where the API server does not answer.
    """
    server = await client.server()
    reading = _Reading(client)
    namespaces = await reading.namespaces()
    if namespaces:
        manifests = shipped(namespaces)
    found, bindings, effective, workloads, leases = await asyncio.gather(
        reading.shipped(manifests),
        reading.bindings(),
        reading.effective(places_of(namespaces)),
        reading.workloads(),
        reading.leases(),
    )
    pods, model, switch, off, diagnoses = await asyncio.gather(
        reading.pods(),
        reading.model(workloads["operator"]),
        reading.switch(),
        reading.switched_off(namespaces),
        reading.diagnoses(namespaces),
    )
    return Installation(
        taken_at=server.time,
        program=program,
        server=_version(server.version),
        shipped=manifests,
        found=found,
        namespaces=namespaces,
        bindings=bindings,
        effective=effective,
        workloads=workloads,
        pods=pods,
        last_words=await reading.last_words(pods),
        leases=leases,
        model=model,
        switch=switch,
        switched_off=off,
        diagnoses=diagnoses,
    )


def _version(told: str) -> Version:
    """Return the version of a server that says `v1.37.0-rc.1+k3s1`; 0.0 where it says nonsense."""
    match = re.match(r"v(\d{1,4})\.(\d{1,4})\.", told)
    return Version(int(match[1]), int(match[2])) if match else Version(0, 0)


class _Reading:
    """The requests of one look, a few at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def _ask(self, request: Awaitable[T], takes: str) -> T | Hidden | None:
        """Return the answer, None where nothing is there, Hidden where the user may not look."""
        try:
            async with self._turns:
                return await request
        except NotFoundError:
            return None
        except RefusedError:
            return Hidden(takes)

    async def shipped(self, manifests: Iterable[Manifest]) -> dict[Key, Found]:
        """Return the shipped objects as they are."""
        wanted = [(m.key, m.kind, m.namespace, m.name) for m in manifests if m.kind != CRD]
        crd = f"{names.PLURAL}.{names.GROUP}"
        wanted.append(((CRD.kind, "", crd), CRD, None, crd))
        answers = await asyncio.gather(
            *(
                self._ask(self._client.get(kind, where, name), right("get", kind, where))
                for _, kind, where, name in wanted
            )
        )
        return {key: answer for (key, *_), answer in zip(wanted, answers, strict=True)}

    async def bindings(self) -> list[Binding] | Hidden:
        """Return all bindings that name one of our accounts, or everybody."""
        found: list[Binding] = []
        for kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
            answer = await self._ask(self._client.list_all(kind), right("list", kind))
            if isinstance(answer, Hidden):
                return answer
            found += [b for raw in answer or [] if (b := _binding(kind.kind, raw)) is not None]
            found += [
                replace(_named(kind.kind, raw), to_all=await self._grants(raw))
                for raw in answer or []
                if _binding(kind.kind, raw) is None and any(map(is_everybody, _subjects(raw)))
            ]
        return found

    async def _grants(self, binding: Object) -> Rights | Hidden:
        """Return what the role of a binding grants; nothing where there is no such role."""
        where = binding["metadata"].get("namespace")
        ref = binding.get("roleRef") or {}
        kind = ROLE if ref.get("kind") == ROLE.kind else CLUSTER_ROLE
        home = where if kind is ROLE else None
        role = await self._ask(
            self._client.get(kind, home, str(ref.get("name"))), right("get", kind, home)
        )
        if isinstance(role, Hidden):
            return role
        return granted((role or {}).get("rules") or [], where or EVERYWHERE)

    async def effective(self, places: Sequence[str]) -> dict[str, Rights | Hidden]:
        """Return what our accounts may do there, and under NOBODY what every account may.

        Kubernetes grants a little to all, a distribution perhaps more: what an account may that
        does not even exist. Hidden where the user may not ask in their name.
        """
        users = (*map(username, ACCOUNTS), NOBODY)
        return {user: await self._rights(user, places) for user in users}

    async def _rights(self, user: str, places: Sequence[str]) -> Rights | Hidden:
        rights: Rights = frozenset()
        for namespace in places:
            takes = "impersonate serviceaccounts -A"
            answer = await self._ask(self._client.rules_of(user, namespace), takes)
            if answer is None or isinstance(answer, Hidden):
                return Hidden(takes)
            rights |= granted(answer, namespace)
        return rights

    async def namespaces(self) -> tuple[str, ...]:
        """Return those it is confined to, by its settings; none where nobody may see them."""
        settings = await self._config_map(SETTINGS)
        operator = (await self.workloads())["operator"]
        told = settings.get(NAMESPACES, "") if isinstance(settings, dict) else ""
        named = Confines.of(_own_value(operator, NAMESPACES) or told).namespaces
        return tuple(name for name in named if _NAME.fullmatch(name))

    async def workloads(self) -> dict[str, Workload | Hidden | None]:
        """Return the Deployments of the roles."""
        takes = right("get", DEPLOYMENT, _OURS)
        return {
            role: _as(await self._ask(self._client.get(DEPLOYMENT, _OURS, role), takes), Workload)
            for role in ROLES
        }

    async def leases(self) -> dict[str, Lease | Hidden | None]:
        """Return the Leases of the roles."""
        takes = right("get", LEASE, _OURS)
        return {
            role: _as(
                await self._ask(self._client.get(LEASE, _OURS, f"podiatrist-{role}"), takes), Lease
            )
            for role in ROLES
        }

    async def pods(self) -> list[Pod] | Hidden:
        """Return the pods of our namespace."""
        request = self._client.list_typed(POD, Pod, _OURS)
        return await self._ask(request, right("list", POD, _OURS)) or []

    async def last_words(self, pods: list[Pod] | Hidden) -> dict[str, str]:
        """Return the last line of the log of each pod whose container failed."""
        if isinstance(pods, Hidden):
            return {}
        try:
            logs = await read_failed_logs(self._client, pods)
        except ClusterError:
            return {}
        return {log.pod: log.text.strip().splitlines()[-1] for log in logs if log.text.strip()}

    async def model(self, operator: Workload | Hidden | None) -> Model:
        """Return what is configured about a model."""
        settings = await self._config_map(SETTINGS)
        listed = await self._ask(
            self._client.list_names(SECRET, _OURS), right("list", SECRET, _OURS)
        )
        secret = listed if isinstance(listed, Hidden) else MODEL_SECRET in (listed or ())
        name = _own_value(operator, "PODIATRIST_MODEL")
        if not name and isinstance(settings, Hidden):
            return Model(settings, secret)
        data = settings if isinstance(settings, dict) else {}
        return Model(name or data.get("PODIATRIST_MODEL", ""), secret)

    async def switch(self) -> str | Hidden | None:
        """Return what the kill switch of the whole cluster says."""
        data = await self._config_map(names.SWITCH)
        return data.get(names.SWITCH_KEY) if isinstance(data, dict) else data

    async def _config_map(self, name: str) -> dict[str, str] | Hidden | None:
        request = self._client.get(CONFIG_MAP, _OURS, name)
        answer = await self._ask(request, right("get", CONFIG_MAP, _OURS))
        if answer is None or isinstance(answer, Hidden):
            return answer
        # What is no text is stored as binaryData; for the switch it is no "on" either.
        return {**(answer.get("data") or {}), **(answer.get("binaryData") or {})}

    async def switched_off(self, namespaces: Sequence[str]) -> list[str] | Hidden:
        """Return the namespaces in which nothing is executed, among these or among all."""
        listed: list[Metadata] = []
        if not namespaces:
            found: list[Metadata] | Hidden | None = await self._ask(
                self._client.list_metadata(NAMESPACE, labels=names.EXECUTION),
                right("list", NAMESPACE),
            )
            if isinstance(found, Hidden):
                return found
            listed = [m for m in found or [] if names.EXECUTION in m.labels]
        for name in namespaces:
            request = self._client.get(NAMESPACE, None, name)
            raw = await self._ask(request, right("get", NAMESPACE))
            if isinstance(raw, Hidden):
                return raw
            metadata = parse(Metadata, (raw or {}).get("metadata") or {})
            listed += [metadata] if metadata and names.EXECUTION in metadata.labels else []
        return sorted(m.name for m in listed if m.labels[names.EXECUTION].lower() != "on")

    async def diagnoses(self, namespaces: Sequence[str]) -> list[Diagnosis] | Hidden:
        """Return the Diagnoses of these namespaces, or all."""
        found: list[Diagnosis] = []
        for namespace in namespaces or (None,):
            request = self._client.list_all(DIAGNOSIS, namespace)
            answer = await self._ask(request, right("list", DIAGNOSIS, namespace))
            if isinstance(answer, Hidden):
                return answer
            found += [d for d in map(parse_diagnosis, answer or []) if d is not None]
        return found


S = TypeVar("S", Workload, Lease)


def _as(answer: Found, struct: type[S]) -> S | Hidden | None:
    return answer if answer is None or isinstance(answer, Hidden) else parse(struct, answer)


def _own_value(workload: Workload | Hidden | None, variable: str) -> str:
    """Return a variable that the Deployment sets by itself, beside the ConfigMap."""
    if not isinstance(workload, Workload):
        return ""
    return next(
        (
            variable_.value
            for container in workload.spec.template.spec.containers
            for variable_ in container.env
            if variable_.name == variable
        ),
        "",
    )


def _binding(kind: str, raw: Object) -> Binding | None:
    """Return a binding if it names one of our accounts."""
    ours = any(is_ours(subject, account) for subject in _subjects(raw) for account in ACCOUNTS)
    return _named(kind, raw) if ours else None


def _subjects(raw: Object) -> list[Object]:
    return raw.get("subjects") or []


def _named(kind: str, raw: Object) -> Binding:
    role = raw.get("roleRef") or {}
    metadata = raw["metadata"]
    told = f"{role.get('kind')} {role.get('name')}"
    return Binding(kind, metadata.get("namespace") or "", metadata["name"], told, _subjects(raw))
