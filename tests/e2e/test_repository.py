"""What Argo CD keeps in place is changed in its repository, and a fix taken back is told."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.actions.add_toleration import AddToleration
from podiatrist.actions.base import Action
from podiatrist.actions.compiler import compile_plan
from podiatrist.actions.manifest_change import repository_change
from podiatrist.actions.meet_pod_security import MeetPodSecurity
from podiatrist.actions.scale import Scale
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_mount import SetMount
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.actions.set_strategy import SetStrategy
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.api.diagnosis import ObjectRef, RepositoryChange
from podiatrist.cluster.managed_by import ManagedBy
from tests.e2e.kube import Kube, deployment

pytestmark = pytest.mark.containers


def tracked(kube: Kube, **more: Any) -> Any:
    """Return a Deployment with the annotation that Argo CD puts on what it applies."""
    made = deployment(**more)
    mark = f"shop:apps/Deployment:{kube.namespace}/web"
    made["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": mark}
    return made


def as_argo_cd(kube: Kube, manifest: Any) -> None:
    """Apply a manifest as Argo CD does with ServerSideApply=true."""
    kube("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller",
         "-f", "-", stdin=json.dumps(manifest))  # fmt: skip


def built(kube: Kube, folder: Path, manifest: Any, change: RepositoryChange) -> Any:
    """Return what the cluster's own kubectl builds of a manifest with the patch beside it."""
    (folder / "web.json").write_text(json.dumps(manifest))
    (folder / "kustomization.yaml").write_text(f"resources: [web.json]\n{change.patch}")
    done = subprocess.run(
        [str(kube.cluster.kubectl), "kustomize", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def test_what_argo_cd_keeps_is_changed_in_its_repository(kube: Kube, tmp_path: Path) -> None:
    """Given a mistyped image in what Argo CD keeps, when approved all the same, nothing is done.

    The patch that is shown, put into the repository and synced, heals the workload.
    """
    manifest = tracked(kube, image="ngnix")
    as_argo_cd(kube, manifest)
    found = kube.wait_for_diagnosis("NeedsHuman")
    (option,) = found.status.options
    assert option.repository is not None
    assert option.preview is not None
    assert not option.preview.ok
    assert option.preview.message.startswith(
        "Deployment web is kept by Argo CD Application shop: a live patch would be taken back."
    )

    refused = kube.refusal(found, option)

    assert refused is not None
    assert "is kept by Argo CD Application shop" in refused
    assert image_of(kube) == "ngnix"

    as_argo_cd(kube, built(kube, tmp_path, manifest, option.repository))
    kube.wait_for_diagnosis("Resolved")
    assert image_of(kube) == "nginx"


WEB = ObjectRef(api_version="apps/v1", kind="Deployment", name="web")
ACTIONS: list[Action] = [
    SetImage(object=WEB, container="app", image="nginx:1.28"),
    SetCommand(object=WEB, container="app", run=["sh", "-c", "echo 'a: b' # 1e3"]),
    SetEnv(object=WEB, container="app", name="SIZE", value="1e3"),
    SetEnv(object=WEB, container="app", name="COLOR", value="on"),
    SetProbe(object=WEB, container="app", probe="livenessProbe", port=8080),
    SetMount(object=WEB, container="app", mount_path="/cache", new_path="/var/cache"),
    SetVolumeLimit(object=WEB, volume="cache", size_limit="2Gi"),
    SetResources(object=WEB, container="app", limits={"memory": "64Mi"}, requests={"cpu": "1m"}),
    SetSecurityContext(object=WEB, container="app", run_as_user=1000),
    SetSecurityContext(object=WEB, fs_group=1000),
    MeetPodSecurity(object=WEB, level="restricted"),
    AddToleration(object=WEB, key="gpu", effect="NoSchedule"),
    SetStrategy(object=WEB, max_surge=0, max_unavailable=1),
    Scale(object=WEB, replicas=3),
]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: type(a).__name__)
def test_kustomize_makes_of_the_manifest_what_the_option_does(
    kube: Kube, tmp_path: Path, action: Action
) -> None:
    """Given a short manifest, its patch leads to the very object that a live patch leads to.

    What the API server fills in is in the live object and not in the manifest.
    """
    probe = {"httpGet": {"port": 80}}
    mount = {"name": "cache", "mountPath": "/cache"}
    container = {
        "env": [{"name": "SIZE", "value": "1"}],
        "livenessProbe": probe,
        "volumeMounts": [mount],
    }
    volumes = [{"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}]
    manifest = deployment(container=container, volumes=volumes)
    del manifest["spec"]["replicas"]
    live = filled_in(kube, manifest)
    action = action.model_copy(
        update={"object": WEB.model_copy(update={"namespace": kube.namespace})}
    )
    plan = compile_plan(
        [action], {action.object: live}, target_uid="", target_spec_hash="", checks=[]
    )
    managed = ManagedBy("Argo CD", "Application shop", "its source")
    change = repository_change(managed, plan.patches, {action.object: live})
    patched = filled_in(kube, built(kube, tmp_path, manifest, change))
    assert patched["spec"] == action.apply(live, {})["spec"]


def filled_in(kube: Kube, manifest: Any) -> Any:
    """Return the object that the API server would make of a manifest."""
    text = kube("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(manifest))
    return json.loads(text)


def test_a_fix_that_is_taken_back_is_told_with_who_did_it(kube: Kube) -> None:
    """Given a fix that succeeded, when Argo CD applies the old manifest, episode 2 says so."""
    sick = deployment(image="ngnix")
    kube.apply(sick)
    first = kube.wait_for_diagnosis("AwaitingApproval")
    kube.approve(first, first.status.options[0])
    kube.wait_for_diagnosis("Succeeded")

    as_argo_cd(kube, tracked(kube, image="ngnix"))

    second = kube.wait_for_diagnosis("NeedsHuman")
    assert second.metadata.name == f"{first.metadata.name}-2"
    cause, summary = second.status.root_cause or "", second.status.summary or ""
    told = f"The fix of {first.metadata.name} ({first.status.options[0].title}) was taken back by "
    assert cause.startswith(f"{told}argocd-controller (Argo CD) at ")
    assert summary.startswith(told)
    assert second.status.related_to == [first.ref]


def image_of(kube: Kube) -> Any:
    return kube.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"]
