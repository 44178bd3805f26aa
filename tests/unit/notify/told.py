"""Notifications, and Diagnoses that lead to them, in few words."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podiatrist.api.diagnosis import (
    Diagnosis,
    Finding,
    ObservedTarget,
    Option,
    Severity,
    State,
    Target,
)
from podiatrist.notify.notification import Notification, Offer
from podiatrist.notify.sender import Time
from podiatrist.notify.what_to_tell import Wanted
from tests.unit.stories import NOW, WEB, diagnosis

EVERYTHING = Wanted(frozenset(State))
APPROVE = "kubectl -n shop annotate diagnosis web-7f3a9c podiatrist.dev/approve=1a2b3c4d"


def notification(
    number: int = 1,
    *,
    summary: str = "image ngnix does not exist",
    offers: int = 1,
    title: str = "Set image to nginx",
) -> Notification:
    """Return one of a Deployment that awaits approval."""
    return Notification(
        id=f"id-{number}",
        state=State.AWAITING_APPROVAL,
        at=NOW,
        namespace="shop",
        diagnosis="web-7f3a9c",
        uid="u",
        target=Target(api_version="apps/v1", kind="Deployment", name="web"),
        severity=Severity.CRITICAL,
        reason="ImageNotFound",
        summary=summary,
        cause=f"Because {summary}.",
        outcome="1 finding(s), 1 option(s)",
        offers=(Offer("1a2b3c4d", title, "Low", APPROVE),) * offers,
    )


def seen(
    *facts: str,
    options: list[Option] | None = None,
    uid: str = "u",
    namespace: str = "shop",
    severity: Severity = Severity.CRITICAL,
    retry: str | None = None,
) -> Diagnosis:
    """Return a Diagnosis as a watch delivers it; its conditions date from `NOW`."""
    made = diagnosis(*facts, options=options, handled_retry=retry)
    made.metadata.uid, made.metadata.namespace = uid, namespace
    made.metadata.creation_timestamp = NOW
    status = made.status
    status.severity, status.summary, status.root_cause = severity, "it is sick", "It is sick."
    status.findings = [Finding(analyzer="images", reason="ImageNotFound", message="m", object=WEB)]
    status.observed_target = ObservedTarget(uid="uid-web", spec_hash="h")
    return made


@dataclass
class Clock:
    """A time that passes only while somebody sleeps."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    @property
    def time(self) -> Time:
        return Time(lambda: self.seconds, self.sleep, lambda: 1.0, self.now)
