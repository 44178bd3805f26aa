"""An installation that is well, from which each test breaks one thing."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from podiatrist.api.crd import build_crd
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.kinds import Object
from podiatrist.cluster.objects import Pod, Workload, parse
from podiatrist.doctor.checks.definition import CRD_NAME
from podiatrist.doctor.examine import examine
from podiatrist.doctor.installation import Binding, Installation, Lease, Model, Version
from podiatrist.doctor.kinds import CLUSTER_ROLE_BINDING, ROLE_BINDING
from podiatrist.doctor.rights import (
    ACCOUNTS,
    NOBODY,
    Right,
    holding_in,
    shipped_rights,
    username,
)
from podiatrist.doctor.shipped import shipped
from podiatrist.doctor.verdict import Level, Verdict

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
PROGRAM = "0.1.0"
IMAGE = f"example.org/podiatrist:{PROGRAM}"
COMMON = frozenset(
    {
        Right("default", "create", "selfsubjectaccessreviews.authorization.k8s.io"),
        Right("default", "list", "clustertrustbundles.certificates.k8s.io"),
    }
)
"""Some of what every Kubernetes lets every account do."""
CRD_KEY = ("CustomResourceDefinition", "", CRD_NAME)


def well() -> Installation:
    """Return an installation in which everything is as it should be."""
    manifests = shipped()
    crd = build_crd()
    crd["spec"]["conversion"] = {"strategy": "None"}
    crd["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    bindings = [
        Binding(m.kind.kind, m.namespace or "", m.name, "role", m.body["subjects"])
        for m in manifests
        if m.kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING)
    ]
    rights = {account: shipped_rights(manifests, account) for account in ACCOUNTS}
    return Installation(
        taken_at=NOW,
        program=PROGRAM,
        server=Version(1, 37),
        shipped=manifests,
        found={**{m.key: copy.deepcopy(m.body) for m in manifests}, CRD_KEY: crd},
        bindings=bindings,
        effective={
            username(account): holding_in(found, "podiatrist") | holding_in(found, "default")
            for account, found in rights.items()
        }
        | {NOBODY: COMMON},
        workloads={"operator": workload("operator"), "executor": workload("executor")},
        pods=[pod("operator"), pod("executor")],
        leases={"operator": lease(3), "executor": lease(3)},
        model=Model("gpt", secret=True),
    )


def workload(role: str, *, replicas: int = 2, available: int = 2, image: str = IMAGE,
             **status: Any) -> Workload:  # fmt: skip
    template = {"metadata": {"labels": _labels(role)},
                "spec": {"containers": [{"name": role, "image": image}]}}  # fmt: skip
    found = parse(Workload, {
        "metadata": {"name": role, "namespace": "podiatrist"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": _labels(role)},
                 "template": template},
        "status": {"availableReplicas": available, **status},
    })  # fmt: skip
    assert found is not None
    return found


def pod(role: str, *, conditions: list[Object] | None = None, **status: Any) -> Pod:
    container = {"name": role, "image": IMAGE, "ready": True,
                 "state": {"running": {"startedAt": "2026-11-28T10:00:00Z"}}}  # fmt: skip
    found = parse(Pod, {
        "metadata": {"name": f"{role}-7d9f-abcde", "namespace": "podiatrist",
                     "labels": _labels(role)},
        "status": {"phase": "Running", "conditions": conditions or [],
                   "containerStatuses": [{**container, **status}]},
    })  # fmt: skip
    assert found is not None
    return found


def _labels(role: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "podiatrist", "app.kubernetes.io/component": role}


def lease(age: float, holder: str = "executor-7d9f-abcde") -> Lease:
    """Return a Lease that was renewed `age` seconds ago."""
    renewed = (NOW - timedelta(seconds=age)).isoformat()
    found = parse(Lease, {"spec": {"holderIdentity": holder, "renewTime": renewed}})
    assert found is not None
    return found


def diagnosis(state: str, age: float, reason: str = "", message: str = "", name: str = "web-1",
              annotations: dict[str, str] | None = None) -> Diagnosis:  # fmt: skip
    """Return a Diagnosis that last moved `age` seconds ago; `reason` is that of Consulted."""
    moved = (NOW - timedelta(seconds=age)).isoformat()
    fact = {"type": "Consulted", "status": "True" if reason == "ModelAnswered" else "False",
            "reason": reason, "message": message, "lastTransitionTime": moved}  # fmt: skip
    return Diagnosis.model_validate({
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": moved,
                     "annotations": annotations or {}},
        "spec": {"target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web",
                            "uid": "u"}},
        "status": {"state": state, "conditions": [fact] if reason else []},
    })  # fmt: skip


def without(kind: str, name: str) -> Installation:
    """Return the installation after one shipped object was deleted."""
    good = well()
    (key,) = [m.key for m in good.shipped if (m.kind.kind, m.name) == (kind, name)]
    return replace(good, found={**good.found, key: None})


def edited(kind: str, name: str, edit: Callable[[Any], object]) -> Installation:
    """Return the installation after somebody edited one shipped object."""
    good = well()
    (key,) = [m.key for m in good.shipped if (m.kind.kind, m.name) == (kind, name)]
    edit(good.found[key])
    return good


def complaints(installation: Installation) -> list[Verdict]:
    """Return what the doctor has to say beside that it is well."""
    return [verdict for verdict in examine(installation) if verdict.level is not Level.OK]


def complaint(installation: Installation) -> Verdict:
    """Return the one complaint there is."""
    found = complaints(installation)
    assert len(found) == 1, found
    return found[0]
