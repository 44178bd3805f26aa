"""Stories of images that cannot be pulled, and which image was probably meant."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from podiatrist.api.diagnosis import Risk
from tests.unit.builders import (
    World,
    container,
    deployment,
    node,
    not_found,
    pod_of,
    running,
    waiting,
    workload,
)

SCENARIO = Path(__file__).parents[1] / "demo" / "scenario.yaml"
DENIED = (
    "pull access denied, repository does not exist or may require authorization: server message: "
    "insufficient_scope: authorization failed"
)
RATE_LIMIT = "429 Too Many Requests - Server message: toomanyrequests: You have reached your limit"


def web_with(image: str, kind: str = "Deployment", **more: Any) -> Any:
    return workload(kind, containers=[container(image=image)], **more)


def test_the_demos_nginx_has_a_finger_too_long_on_a_key() -> None:
    _, nginx = yaml.safe_load_all(SCENARIO.read_text("utf-8"))
    nginx["metadata"] |= {"namespace": "shop", "uid": "uid-nginx"}
    pod = not_found(pod_of(nginx), "docker.io/library/nnnnnnnnginx:latest", name="nginx")
    said = World(nginx, pods=[pod], nodes=[node()]).diagnose()
    assert said.reasons == ["ImageNotFound"]
    (message,) = said.messages
    assert message == (
        "1 pod of Deployment shop/nginx cannot start: image nnnnnnnnginx of container nginx: the "
        "registry has no such image or tag."
    )
    assert said.offers == [("Set the image of nginx to nginx", Risk.MEDIUM)]
    (option,) = said.options
    assert option.commands == ["kubectl -n shop set image deployment/nginx nginx=nginx"]
    assert "+      - image: nginx" in option.diff


def test_a_name_close_to_one_used_in_the_cluster_is_offered() -> None:
    web = web_with("ghcr.io/acme/chekout:v2")
    other = deployment("other", containers=[container(image="ghcr.io/acme/checkout:v2")])
    world = World(web, [not_found(pod_of(web), "ghcr.io/acme/chekout:v2")])
    world.others = [running(pod_of(other))]
    said = world.diagnose()
    assert said.offers == [("Set the image of app to ghcr.io/acme/checkout:v2", Risk.MEDIUM)]
    assert "ghcr.io/acme/chekout was not found; acme/checkout is in use in this cluster" in (
        said.options[0].rationale
    )


def test_an_image_that_itself_does_not_run_is_no_example_to_follow() -> None:
    web = web_with("ghcr.io/acme/chekout:v2")
    other = deployment("other", containers=[container(image="ghcr.io/acme/checkout:v2")])
    world = World(web, [not_found(pod_of(web), "ghcr.io/acme/chekout:v2")])
    world.others = [not_found(pod_of(other), "ghcr.io/acme/checkout:v2")]
    assert world.diagnose().options == []


def test_another_tag_that_lies_on_a_node_is_offered() -> None:
    web = web_with("nginx:1.72")
    there = node(
        images=["docker.io/library/nginx:1.27", f"docker.io/library/nginx@sha256:{'a' * 64}"]
    )
    said = World(web, [not_found(pod_of(web), "docker.io/library/nginx:1.72")], [there]).diagnose()
    assert said.offers == [("Set the image of app to nginx:1.27", Risk.MEDIUM)]
    assert "the tag 1.27 of it is in use in this cluster" in said.options[0].rationale


def test_a_right_name_with_a_wrong_tag_is_not_taken_for_a_misspelt_one() -> None:
    web = web_with("nginx:9.9.9-nope")
    said = World(web, [not_found(pod_of(web), "docker.io/library/nginx:9.9.9-nope")]).diagnose()
    assert said.options == []


@pytest.mark.parametrize(
    ("secrets", "advice"),
    [
        ([], "The pod names no imagePullSecrets; docker.io may want one."),
        ([{"name": "hub"}], "pull secret(s) hub; check that they are valid for docker.io"),
    ],
)
def test_a_refusal_speaks_of_the_pull_secrets(secrets: Any, advice: str) -> None:
    web = web_with("private/app:v1", imagePullSecrets=secrets)
    said = World(web, [waiting(pod_of(web), "ErrImagePull", DENIED)]).diagnose()
    assert said.reasons == ["ImageNotFoundOrDenied"]
    assert advice in said.messages[0]


@pytest.mark.parametrize(
    ("image", "mended"),
    [
        ("Nginx:latest", "nginx:latest"),
        ("https://docker.io/nginx", "docker.io/nginx"),
        ("https://ghcr.io/Acme/App:V1", "ghcr.io/acme/app:V1"),
        ("nginx latest", "nginx:latest"),
        ("nginx: latest", "nginx:latest"),
        ("nginx:", "nginx"),
        ("nginx:latest:latest", None),
        ("nginx:!bad", None),
        ("a b c", None),
    ],
)
def test_an_invalid_name_is_mended_where_that_is_certain(image: str, mended: str | None) -> None:
    web = web_with(image)
    told = f'Failed to apply default image tag "{image}": invalid reference format'
    said = World(web, [waiting(pod_of(web), "InvalidImageName", told)]).diagnose()
    assert said.reasons == ["ImageNameInvalid"]
    assert [t for t, _ in said.offers] == ([f"Set the image of app to {mended}"] if mended else [])


@pytest.mark.parametrize(
    ("image", "meant"),
    [
        ("dcoker.io/acme/app:v1", "acme/app:v1"),
        ("ghcr.ioo/acme/app:v1", "ghcr.io/acme/app:v1"),
        ("qay.io/acme/app", "quay.io/acme/app"),
        ("registry.acme.example/app:v1", None),
    ],
)
def test_a_host_that_does_not_resolve(image: str, meant: str | None) -> None:
    host = image.partition("/")[0]
    web = web_with(image)
    told = f"dial tcp: lookup {host} on 10.96.0.10:53: no such host"
    said = World(web, [waiting(pod_of(web), "ErrImagePull", told)]).diagnose()
    assert said.reasons == ["RegistryHostUnknown"]
    assert f"Check the spelling of {host}" in said.messages[0]
    titles = [t for t, _ in said.offers]
    assert titles[:1] == ([f"Set the image of app to {meant}"] if meant else [])


@pytest.mark.parametrize(
    ("message", "reason", "advice"),
    [
        (RATE_LIMIT, "RegistryRateLimited", "It passes by itself when docker.io allows pulls"),
        ("500 Internal Server Error", "RegistryError", "Check whether docker.io is up"),
        ("i/o timeout", "RegistryTimeout", "Check whether docker.io is up"),
        ("x509: unknown authority", "RegistryTLSError", "must trust the certificate of docker.io"),
        ("no match for platform in manifest", "ImageWrongPlatform", "choose nodes of another"),
    ],
)
def test_what_no_other_image_cures_gets_advice_and_no_image(
    message: str, reason: str, advice: str
) -> None:
    web = web_with("ngnix:1.27")
    said = World(web, [waiting(pod_of(web), "ErrImagePull", message)]).diagnose()
    assert said.reasons == [reason]
    assert advice in said.messages[0]
    assert said.options == []
