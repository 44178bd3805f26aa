"""The Kopf handlers that every role has: Diagnoses, credentials, and the end."""

import asyncio
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import kopf

from podiatrist.api import names
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.store import parse_diagnosis
from podiatrist.cluster.traffic import Traffic
from podiatrist.handlers.kopf_session import CountedSession


class Listener(Protocol):
    """Who is told of Diagnoses. Called for every change: quick, without I/O."""

    def changed(self, key: tuple[str, str], diagnosis: Diagnosis | None) -> None:
        """Take note of a Diagnosis as it is now; None: it is gone, or unreadable."""


def watch_diagnoses(registry: kopf.OperatorRegistry, listeners: Sequence[Listener]) -> None:
    """Hand every change of a Diagnosis to the listeners."""

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
    async def diagnosis_changed(
        namespace: str | None,
        name: str | None,
        body: kopf.Body,
        type: str | None,  # noqa: A002 - Kopf passes it by this name
        **_: Any,
    ) -> None:
        diagnosis = None if type == "DELETED" else parse_diagnosis(dict(body))
        for listener in listeners:
            listener.changed((namespace or "", name or ""), diagnosis)


def login_by(
    registry: kopf.OperatorRegistry, address: str | None = None, traffic: Traffic | None = None
) -> None:
    """Let Kopf use the same credentials as our client: kubeconfig, else ServiceAccount.

    In a pod Kopf would look up the name kubernetes.default.svc, and the executor may not reach any
    DNS (deploy/40-network.yaml): `address` is where our client finds the API server. Kopf's
    requests are counted, and the answers to its watches are signs of life.
    """

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | kopf.AiohttpSession | None:
        info = kopf.login_with_kubeconfig(**kwargs) or kopf.login_with_service_account(**kwargs)
        if info is not None and address is not None:
            info = dataclasses.replace(info, server=address)
        return info if info is None or traffic is None else CountedSession(info, traffic)


def stop_with(registry: kopf.OperatorRegistry, ours: Iterable[asyncio.Task[None]]) -> None:
    """Stop our own tasks when Kopf stops.

    Kopf takes every task of the event loop for one of its own and would wait for ours (5 s)
    before it cancels them.
    """

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:
        for task in ours:
            task.cancel()
