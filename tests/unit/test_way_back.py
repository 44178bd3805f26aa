"""Whatever an action does can be undone, also after the API server completed what was written."""

from typing import Any

import jsonpatch
import pytest

from podiatrist.actions.base import Action
from podiatrist.actions.compiler import Plan, compile_plan, objects_needed
from podiatrist.actions.patches import would_apply
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_image import SetImage
from podiatrist.actions.set_probe import SetProbe
from podiatrist.actions.set_resources import SetResources
from podiatrist.actions.set_volume_limit import SetVolumeLimit
from podiatrist.api.diagnosis import ObjectRef
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.way_back import no_way_back
from tests.unit.action_examples import BACKUP, BUDGET, SCALER, WEB
from tests.unit.api_defaults import stored
from tests.unit.builders import claim_volume, container, copy_of, deployment, node, revision
from tests.unit.test_actions import EXAMPLES, N1, OLD
from tests.unit.test_actions_network import INGRESS, SERVICE, ingress


def web() -> Object:
    """Return a Deployment that every example for one fits, as it is stored."""
    made = container(image="nginx:1", cpu="100m") | {
        "env": [{"name": "HOST", "value": "db"}],
        "livenessProbe": {"exec": {"command": ["true"]}},
        "readinessProbe": {"httpGet": {"port": 80}},
        "startupProbe": {"grpc": {"port": 80}},
        "volumeMounts": [{"name": "cache", "mountPath": "/etc/app"}],
        "envFrom": [{"configMapRef": {"name": "conifg"}}],
    }
    found = deployment(
        containers=[made],
        volumes=[{"name": "cache", "emptyDir": {}}, claim_volume("data")],
        nodeSelector={"disk": "hdd"},
        priorityClassName="high",
    )
    found["spec"] |= {"paused": True, "strategy": {"type": "RollingUpdate"}}
    found["spec"]["replicas"] = 3
    return stored(found)


def cron_job() -> Object:
    plain = [container(), container("proxy")]
    spec = {"jobTemplate": {"spec": {"template": {"spec": {"containers": plain}}}}}
    return stored({"metadata": {"name": "backup", "uid": "u"}, "spec": {**spec, "suspend": True}})


def world() -> dict[ObjectRef, Object]:
    """Return one object of each kind that the examples change."""
    labelled = {"metadata": {"name": "web", "uid": "u"}}
    cordoned = node(cordoned=True)
    port = {"port": 80, "protocol": "TCP", "targetPort": 80}
    return {
        WEB: web(),
        OLD: revision(web(), 1, image="nginx:1.26"),
        N1: cordoned,
        BACKUP: cron_job(),
        SCALER: {**labelled, "spec": {"minReplicas": 1, "maxReplicas": 2}},
        BUDGET: {**labelled, "spec": {"minAvailable": 1}},
        SERVICE: labelled | {"spec": {"selector": {"app": "x"}, "ports": [port]}},
        INGRESS: ingress() | {"metadata": {**ingress()["metadata"], "uid": "u"}},
    }


def plan_of(*actions: Action, live: dict[ObjectRef, Object]) -> Plan:
    needed = {ref: live[ref] for ref in objects_needed(actions)}
    return compile_plan(actions, needed, target_uid="", target_spec_hash="", checks=[])


def sent(raw: Object, patch: str) -> Object:
    """Apply a patch as the API server does."""
    assert would_apply(raw, patch)
    changes = [op for op in jsonpatch.JsonPatch.from_string(patch) if op["op"] != "test"]
    return stored(jsonpatch.apply_patch(copy_of(raw), changes))


def there_and_back(action: Action, live: dict[ObjectRef, Object]) -> None:
    plan = plan_of(action, live=live)
    after = sent(live[action.object], plan.patches[0].patch)
    assert no_way_back(plan, {action.object: after}) is None
    assert sent(after, plan.inverse[0].patch) == live[action.object]


PATCHING = [action for action, *_ in EXAMPLES if action.verb == "patch"]


@pytest.mark.parametrize("action", PATCHING, ids=lambda a: type(a).__name__)
def test_every_action_can_be_undone(action: Action) -> None:
    there_and_back(action, world())


def probe(name: Any, **fields: Any) -> SetProbe:
    return SetProbe.model_validate(
        {"object": WEB, "container": "app", "probe": name, **fields}, by_name=True
    )


@pytest.mark.parametrize(
    "action",
    [
        probe("livenessProbe", handler="httpGet", port=80),
        probe("livenessProbe", handler="tcpSocket", port=80),
        probe("readinessProbe", handler="exec", run=["true"]),
        *(
            SetResources(object=WEB, container="app", requests={"cpu": cpu})
            for cpu in ("1000m", "0.5", "1e3", "1000")
        ),
        SetResources(object=WEB, container="app", limits={"memory": "1024Mi"}),
        SetVolumeLimit(object=WEB, volume="cache", size_limit="2048Mi"),
        SetEnv(object=WEB, container="app", name="NEW", value=""),
        SetEnv(object=WEB, container="app", name="HOST", value=""),
    ],
    ids=lambda a: a.command(),
)
def test_what_the_api_server_would_complete_or_rewrite_is_written_as_it_stores_it(
    action: Action,
) -> None:
    there_and_back(action, world())


@pytest.mark.parametrize("like", ["livenessProbe", "readinessProbe"])
def test_a_probe_that_is_made_like_another_one_is_complete(like: str) -> None:
    live = world()
    del live[WEB]["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    there_and_back(probe("startupProbe", like=like, failure_threshold=30), live)


def test_the_only_annotation_is_put_back_beside_the_mark() -> None:
    """Without any annotation the API server stores no map, but the fix leaves its mark there."""
    live = world()
    live[INGRESS]["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "x"}
    (action,) = [a for a in PATCHING if type(a).__name__ == "SetIngressClass"]
    plan = plan_of(action, live=live)
    after = sent(live[INGRESS], plan.patches[0].patch)
    assert "annotations" not in after["metadata"]
    assert no_way_back(plan, {INGRESS: after}) is None


def test_what_a_webhook_rewrites_cannot_be_undone_and_is_said() -> None:
    live = world()
    plan = plan_of(SetImage(object=WEB, container="app", image="nginx:2"), live=live)
    after = sent(live[WEB], plan.patches[0].patch)
    after["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/nginx:2"
    assert no_way_back(plan, {WEB: after}) == (
        "it could not be undone: the API server would store Deployment shop/web otherwise than it "
        "is patched, at /spec/template/spec/containers/0/image"
    )
