"""The Kopf handlers: which objects are watched, and whom they are handed to."""

from collections.abc import Callable
from typing import Any, cast

import kopf

from podiatrist.api import names
from podiatrist.cluster.client import Object
from podiatrist.lifecycle.worker import Worker
from podiatrist.notice.noticer import Noticer

_TELLING_EVENTS = frozenset({"FailedScheduling", "Failed", "BackOff", "InspectFailed"})
"""Reasons of events that speak of a symptom we know (scheduler, kubelet)."""


def watch_diagnoses(registry: kopf.OperatorRegistry, worker: Worker) -> None:
    """Hand every change of a Diagnosis to the worker."""

    @kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, registry=registry)
    async def diagnosis_changed(namespace: str | None, name: str | None, **_: Any) -> None:
        worker.queue.add((namespace or "", name or ""))


def watch_pods(registry: kopf.OperatorRegistry, noticer: Noticer) -> None:
    """Hand pods, and warning events about pods, to the noticer."""

    @kopf.on.event("", "v1", "pods", registry=registry)
    async def pod_changed(body: kopf.Body, type: str | None, **_: Any) -> None:  # noqa: A002 - Kopf passes it by this name
        noticer.pod_seen(cast(Object, dict(body)), deleted=type == "DELETED")

    @kopf.on.event("", "v1", "events", registry=registry)
    async def event_seen(body: kopf.Body, **_: Any) -> None:
        about = body.get("involvedObject") or {}
        if about.get("kind") == "Pod" and body.get("reason") in _TELLING_EVENTS:
            noticer.hint(about.get("namespace") or "", about.get("name") or "")


def login_by(registry: kopf.OperatorRegistry) -> None:
    """Let Kopf use the same credentials as our client: kubeconfig, else ServiceAccount."""

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_kubeconfig(**kwargs) or kopf.login_with_service_account(**kwargs)


def stop_with(registry: kopf.OperatorRegistry, stop: Callable[[], object]) -> None:
    """Stop our own work when Kopf stops.

    Kopf takes every task of the event loop for one of its own and would wait for ours (5 s)
    before it cancels them.
    """

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:
        stop()


def kopf_settings() -> kopf.OperatorSettings:
    """Return Kopf's settings: watch only what can matter, write nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.watching.chunk_size = 500
    settings.watching.field_selectors["pods"] = "status.phase!=Succeeded"
    settings.watching.field_selectors["events"] = "type!=Normal"
    return settings
