"""What an approval says of itself (by whom, when) is the API server's word, not the client's."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.api.conditions import Reason, condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.lifecycle.approval.approval_age import approved_at, too_old
from tests.attacks.scene import Scene, send, wipe
from tests.e2e.kube import Kube, until

pytestmark = pytest.mark.containers


def test_an_old_approval_stays_old_whatever_is_done_to_its_record(scene: Scene) -> None:
    """With rights to edit only: annotate with the same client, wipe and forge managedFields."""
    kube, people, name = scene.kube, scene.people, scene.words["aged"]
    given = approved_at(kube.diagnosis(name))
    assert given is not None
    time.sleep(1)

    assert people.kubectl("editor", "annotate", "diagnosis", name, "a=b").returncode == 0
    assert _age(kube, name, given)
    forged = json.loads(kube("get", "diagnosis", name, "-o", "json", "--show-managed-fields"))
    for entry in forged["metadata"]["managedFields"]:
        entry["time"] = "2099-01-01T00:00:00Z"
    assert send(people, "editor", forged).returncode == 0
    assert _age(kube, name, given)
    wipe(people, name)
    assert _age(kube, name, given)


def _age(kube: Kube, name: str, given: datetime) -> bool:
    """Whether the approval still is of that moment, and expires."""
    stored = json.loads(kube("get", "diagnosis", name, "-o", "json", "--show-managed-fields"))
    found = Diagnosis.model_validate(stored)
    late = too_old(found, given + timedelta(seconds=601), 600)
    return approved_at(found) == given and late is not None and "too long ago" in late


@pytest.mark.parametrize("how", ["annotate", "apply", "replace", "managedFields"])
def test_whatever_a_request_says_the_requester_approved_it_now(scene: Scene, how: str) -> None:
    kube, people = scene.kube, scene.people
    name, digest = scene.words["web"], scene.words["digest"]
    annotations = {names.APPROVE: digest, names.APPROVED_BY: "alice",
                   names.APPROVED_AT: "2099-01-01T00:00:00Z"}  # fmt: skip
    options = ("--dry-run=server", "-o", "json", "--show-managed-fields")
    who = "approver-and-editor"
    stored = json.loads(kube("get", "diagnosis", name, "-o", "json", "--show-managed-fields"))
    if how == "annotate":
        pairs = [f"{key}={value}" for key, value in annotations.items()]
        said = people.kubectl(who, "annotate", "diagnosis", name, *pairs, *options)
    elif how == "apply":
        body = {"apiVersion": names.API_VERSION, "kind": names.KIND,
                "metadata": {"name": name, "annotations": annotations}}  # fmt: skip
        said = people.kubectl(who, "apply", "--server-side", "-f", "-", *options,
                              stdin=json.dumps(body))  # fmt: skip
    else:
        if how == "managedFields":
            later: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{names.APPROVE}": {}}}}
            for entry in stored["metadata"]["managedFields"]:
                entry["time"] = "2099-01-01T00:00:00Z"
                if "subresource" not in entry:
                    entry["fieldsV1"] = later
            annotations.pop(names.APPROVED_AT)
        stored["metadata"]["annotations"] |= annotations
        said = send(people, who, stored, *options)

    assert said.returncode == 0, said.stderr
    got = json.loads(said.stdout)["metadata"]["annotations"]
    assert got[names.APPROVED_BY] == people.name(who)
    moment = datetime.fromisoformat(got[names.APPROVED_AT])
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=60)


@pytest.mark.parametrize("who", ["operator", "executor"])
def test_annotations_beside_a_status_are_not_stored(scene: Scene, who: str) -> None:
    """Whoever may write statuses sets no annotation with them."""
    name = scene.words["web"]
    stored = scene.kube.get("diagnosis", name)
    yes = {names.APPROVE: scene.words["digest"], names.APPROVED_BY: "alice"}
    stored["metadata"]["annotations"] |= yes

    said = send(scene.people, who, stored, "--subresource=status")

    assert said.returncode == 0, said.stderr
    assert scene.kube.diagnosis(name).metadata.annotations == {names.PAUSE: "true"}


@pytest.mark.parametrize(
    ("api_version", "kind", "says"),
    [
        ("v1", "Secret", "cannot diagnose kind Secret"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "cannot diagnose kind ClusterRole"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "cannot diagnose kind"),
        (
            "v1",
            "Node",
            "a Node belongs to no namespace: make its Diagnosis in namespace podiatrist",
        ),
    ],
)
def test_a_tenant_asks_about_what_is_not_his(
    scene: Scene, api_version: str, kind: str, says: str
) -> None:
    kube, name = scene.kube, f"mine-{kind.lower()}"
    asked: dict[str, Any] = {
        "apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": {"name": name},
        "spec": {"target": {"apiVersion": api_version, "kind": kind, "name": "node1"}},
    }  # fmt: skip
    said = scene.people.kubectl("editor", "create", "-f", "-", stdin=json.dumps(asked))
    assert said.returncode == 0, said.stderr

    found = until(
        lambda: ((seen := kube.diagnosis(name)).status.state == "Failed", seen), "an answer"
    )

    diagnosed = condition(found.status, "Diagnosed")
    assert diagnosed is not None
    assert diagnosed.reason == Reason.KIND_NOT_SUPPORTED
    assert says in diagnosed.message
    assert found.status.options == []
