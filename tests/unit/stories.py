"""Diagnoses at any point of their path, told in few words.

diagnosis("Diagnosed=True:CauseFound", approve="1a2b", options=[option("1a2b", previewed=True)])
"""

from datetime import UTC, datetime
from typing import Any

from podiatrist.api import names
from podiatrist.api.diagnosis import (
    ActionRecord,
    Approval,
    Diagnosis,
    ObjectRef,
    Option,
    Preview,
    Risk,
    Write,
)

NOW = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")


def option(digest: str = "1a2b3c4d", *, previewed: bool | None = None) -> Option:
    """Return an option; `previewed` is the outcome of its dry run, None before it."""
    return Option(
        digest=digest,
        title="Scale to 1",
        rationale="It helps.",
        risk=Risk.LOW,
        actions=[ActionRecord(type="Scale", object=WEB, parameters={"replicas": 1})],
        writes=[
            Write(verb="patch", group="apps", resource="deployments", namespace="shop", name="web")
        ],
        preview=None if previewed is None else Preview(ok=previewed, message="tried"),
    )


def diagnosis(
    *facts: str,
    options: list[Option] | None = None,
    approve: str | None = None,
    read: str | None = None,
    handled_retry: str | None = None,
    **annotations: str,
) -> Diagnosis:
    """Return a Diagnosis with conditions from `Type=Status:Reason`.

    `approve`, `retry`, `reject`, `pause` are annotations; `read` is the approval last read.
    """
    if approve is not None:
        annotations["approve"] = approve
    conditions: list[dict[str, Any]] = []
    for fact in facts:
        kind, _, rest = fact.partition("=")
        value, _, reason = rest.partition(":")
        conditions.append(
            {"type": kind, "status": value, "reason": reason, "lastTransitionTime": NOW}
        )
    made = Diagnosis.model_validate(
        {
            "metadata": {
                "name": "web-7f3a9c",
                "namespace": "shop",
                "annotations": {f"{names.GROUP}/{k}": v for k, v in annotations.items()},
            },
            "spec": {"target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
            "status": {"conditions": conditions, "handledRetry": handled_retry},
        }
    )
    made.status.options = options or []
    if read is not None:
        made.status.approval = Approval(digest=read, at=NOW)
    return made
