"""Actions on Services, Ingresses and DNS: one field each, and a word where it does not fit."""

from typing import Any

import pytest
from pydantic import ValidationError

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.catalog import parse_action, to_record
from podiatrist.actions.set_dns_policy import SetDnsPolicy
from podiatrist.actions.set_ingress_backend import SetIngressBackend
from podiatrist.actions.set_ingress_class import SetIngressClass
from podiatrist.actions.set_service_port import SetServicePort
from podiatrist.actions.set_service_selector import SetServiceSelector
from podiatrist.api.diagnosis import ObjectRef
from tests.unit.builders import copy_of, deployment

SERVICE = ObjectRef(api_version="v1", kind="Service", namespace="shop", name="web")
INGRESS = ObjectRef(
    api_version="networking.k8s.io/v1", kind="Ingress", namespace="shop", name="web"
)
WEB = ObjectRef(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")

EXAMPLES: list[tuple[Action, str]] = [
    (
        SetServiceSelector(object=SERVICE, selector={"app": "web", "a.b/c": "d"}),
        "kubectl -n shop set selector service/web a.b/c=d,app=web",
    ),
    (
        SetServicePort(object=SERVICE, port=80, target_port="http"),
        "kubectl -n shop edit service/web  # set targetPort of port 80 to http",
    ),
    (
        SetIngressBackend(object=INGRESS, service="a", port=80, to_service="b", to_port="http"),
        "kubectl -n shop edit ingress/web  # backend a:80 becomes b:http",
    ),
    (
        SetIngressClass(object=INGRESS, ingress_class="nginx"),
        """kubectl -n shop patch ingress/web -p '{"spec":{"ingressClassName":"nginx"}}'""",
    ),
    (
        SetDnsPolicy(object=WEB, policy="ClusterFirst"),
        "kubectl -n shop edit deployment/web  # dnsPolicy: ClusterFirst",
    ),
]


@pytest.mark.parametrize(("action", "command"), EXAMPLES, ids=lambda e: type(e).__name__)
def test_it_is_told_as_a_human_would_type_it_and_survives_its_record(
    action: Action, command: str
) -> None:
    assert action.command() == command
    assert parse_action(to_record(action)) == action


def service(**spec: Any) -> Any:
    return {"metadata": {"name": "web"}, "spec": spec}


def test_a_selector_is_replaced_as_a_whole() -> None:
    action = SetServiceSelector(object=SERVICE, selector={"app": "web"})
    changed = action.apply(service(selector={"run": "web", "tier": "x"}, type="ClusterIP"), {})
    assert changed["spec"] == {"selector": {"app": "web"}, "type": "ClusterIP"}
    with pytest.raises(ActionError, match="on purpose"):
        action.apply(service(), {})


def test_a_port_is_told_by_number_and_protocol() -> None:
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "targetPort": 1}, {"port": 80}]
    action = SetServicePort(object=SERVICE, port=53, target_port=5353)
    changed = action.apply(service(ports=copy_of({"p": ports})["p"]), {})
    assert [p.get("targetPort") for p in changed["spec"]["ports"]] == [None, 5353, None]
    spoken = SetServicePort(object=SERVICE, port=53, target_port="dns", new_protocol="UDP")
    assert spoken.apply(service(ports=[{"port": 53}]), {})["spec"]["ports"] == [
        {"port": 53, "targetPort": "dns", "protocol": "UDP"}
    ]
    with pytest.raises(ActionError, match="no port 53"):
        action.apply(service(ports=[{"port": 54}]), {})


def ingress() -> Any:
    backend = {"service": {"name": "a", "port": {"number": 80}}}
    other = {"service": {"name": "a", "port": {"number": 81}}}
    paths = [{"path": "/", "backend": copy_of(backend)}, {"path": "/x", "backend": other}]
    return {
        "metadata": {"name": "web", "annotations": {"kubernetes.io/ingress.class": "x", "b": "c"}},
        "spec": {"defaultBackend": backend, "rules": [{"host": "h"}, {"http": {"paths": paths}}]},
    }


def test_every_use_of_a_backend_changes_and_no_other() -> None:
    action = SetIngressBackend(object=INGRESS, service="a", port=80, to_service="b", to_port="web")
    spec = action.apply(ingress(), {})["spec"]
    new = {"service": {"name": "b", "port": {"name": "web"}}}
    assert spec["defaultBackend"] == new
    paths = spec["rules"][1]["http"]["paths"]
    assert [p["backend"]["service"]["name"] for p in paths] == ["b", "a"]
    with pytest.raises(ActionError, match="no backend a:80"):
        action.apply({"spec": {}}, {})


def test_a_class_replaces_the_old_annotation() -> None:
    changed = SetIngressClass(object=INGRESS, ingress_class="nginx").apply(ingress(), {})
    assert changed["spec"]["ingressClassName"] == "nginx"
    assert changed["metadata"]["annotations"] == {"b": "c"}


def test_a_dns_policy_is_set_in_the_template() -> None:
    changed = SetDnsPolicy(object=WEB, policy="ClusterFirst").apply(deployment(), {})
    assert changed["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


@pytest.mark.parametrize("port", [0, 65536, "UPPER", "", "a-name-of-more-than-fifteen"])
def test_what_the_api_would_not_take_is_refused_at_once(port: int | str) -> None:
    with pytest.raises(ValidationError):
        SetServicePort(object=SERVICE, port=80, target_port=port)
