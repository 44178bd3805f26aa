"""Why a pull failed, from the words of a real kubelet."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.images.image_errors import ImageProblem, classify
from tests.unit.recorded import recorded

MESSAGES = recorded("image_messages")

WHY = {
    "172.18.0.77:5000/app:v1": ImageProblem.UNREACHABLE,
    "Nginx:latest": ImageProblem.INVALID_NAME,
    "docker.io/private/app:v1": ImageProblem.DENIED_OR_MISSING,
    "fault-401/app:v1": ImageProblem.NO_PERMISSION,
    "fault-403/app:v1": ImageProblem.NO_PERMISSION,
    "fault-429/app:v1": ImageProblem.RATE_LIMIT,
    "fault-500/app:v1": ImageProblem.SERVER_ERROR,
    "ghcr.io/acme/app:v1.2.3": ImageProblem.NOT_FOUND,
    "ghcr.io/fault-401/app:v1": ImageProblem.NO_PERMISSION,
    "ghcr.io/fault-403/app:v1": ImageProblem.NO_PERMISSION,
    "ghcr.io/private/app:v1": ImageProblem.DENIED_OR_MISSING,
    "https://docker.io/nginx": ImageProblem.INVALID_NAME,
    "localhost:5999/app:v1": ImageProblem.UNREACHABLE,
    "nginx latest": ImageProblem.INVALID_NAME,
    "nginx:!bad": ImageProblem.INVALID_NAME,
    "nginx:9.9.9-nope": ImageProblem.NOT_FOUND,
    "nginx:latest:latest": ImageProblem.INVALID_NAME,
    f"nginx@sha256:{'0' * 64}": ImageProblem.NOT_FOUND,
    "nnnnnnnnginx": ImageProblem.NOT_FOUND,
    "no-such-host.example/app:v1": ImageProblem.UNKNOWN_HOST,
    "private/app": ImageProblem.DENIED_OR_MISSING,
    "quay.io/acme/absent:v1": ImageProblem.NEVER_PULLED,
    "quay.io/fault-500/app:v1": ImageProblem.SERVER_ERROR,
    "quay.io/nobody/nothing:v1": ImageProblem.NOT_FOUND,
    "registry.gitlab.com/acme/app:v1": ImageProblem.NOT_FOUND,
    "registry.k8s.io/nope:v1": ImageProblem.NOT_FOUND,
    "timeout.example/app:v1": ImageProblem.TIMEOUT,
    "tls-broken.example/app:v1": ImageProblem.TLS,
}

TREACHEROUS = (
    "timeout-not-found",
    "forbidden/x",
    "x509",
    "eof",
    "denied/unauthorized:404",
    "ghcr.io/forbidden/app:v1",
    "ghcr.io/acme/app:500",
    "ghcr.io/acme/app:403",
    "too-many-requests.example/429:rate-limit",
    "timeout.example/connection/refused:eof",
    "localhost:5000/certificate/x509:forbidden",
)
"""Images named after things that go wrong."""

CAUSES = {
    "{ref}: not found": ImageProblem.NOT_FOUND,
    "pull access denied, repository does not exist or may require authorization: server message: "
    "insufficient_scope: authorization failed": ImageProblem.DENIED_OR_MISSING,
    "failed to authorize: failed to fetch anonymous token: unexpected status: 401 "
    "Unauthorized": ImageProblem.NO_PERMISSION,
    "pulling from host {host} failed with status code [manifests {tag}]: 403 "
    "Forbidden": ImageProblem.NO_PERMISSION,
    "pulling from host {host} failed with status code [manifests {tag}]: 500 "
    "Internal Server Error": ImageProblem.SERVER_ERROR,
    'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": dial tcp: lookup '
    "{host} on 10.96.0.10:53: no such host": ImageProblem.UNKNOWN_HOST,
    'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": dial tcp '
    "10.0.0.9:443: connect: connection refused": ImageProblem.UNREACHABLE,
    'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": EOF': (
        ImageProblem.UNREACHABLE
    ),
    'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": net/http: TLS '
    "handshake timeout": ImageProblem.TIMEOUT,
    'failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": x509: certificate '
    "signed by unknown authority": ImageProblem.TLS,
}
"""The recorded causes with the image's parts left open."""


def said_of(image: str, cause: str) -> str:
    """Return what containerd says of an image for a cause."""
    name, _, tag = image.rpartition("/")[2].partition(":")
    head, _, _ = image.rpartition("/")
    first, _, rest = head.partition("/")
    is_host = "." in first or ":" in first
    host = first if is_host else "docker.io"
    path = "/".join(p for p in (rest if is_host else head or "library", name) if p)
    tag = tag or "latest"
    ref = f"{host}/{path}:{tag}"
    told = cause.format(ref=ref, host=host, path=path, tag=tag)
    return f'failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": {told}'


@pytest.mark.parametrize("line", MESSAGES, ids=lambda m: f"{m['image']}-{m['from']}-{m['reason']}")
def test_every_recorded_message_that_names_a_cause_is_understood(line: dict[str, str]) -> None:
    names_no_cause = re.fullmatch(
        r'Error: (ErrImage|ImagePull|InvalidImage)\w+|Back-off pulling image "[^"]*"',
        line["message"],
    )
    expected = ImageProblem.UNKNOWN if names_no_cause else WHY[line["image"]]
    assert classify(line["reason"], line["message"], line["image"]) is expected


def test_the_recordings_show_every_image_of_the_table() -> None:
    assert {m["image"] for m in MESSAGES} == set(WHY)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("image", TREACHEROUS)
def test_an_image_named_after_a_fault_does_not_hide_the_real_one(image: str, cause: str) -> None:
    message = said_of(image, cause)
    for told in (message, f'Back-off pulling image "{image}": ErrImagePull: {message}'):
        assert classify("ErrImagePull", told, image) is CAUSES[cause]


WORDS = ("timeout", "x509", "eof", "forbidden", "404", "429", "500", "not-found", "denied", "app")


@given(
    host=st.sampled_from(["", "ghcr.io/", "timeout.example/", "localhost:5000/"]),
    path=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    tag=st.sampled_from(["", *(f":{word}" for word in WORDS)]),
    cause=st.sampled_from(sorted(CAUSES)),
)
def test_no_made_up_name_hides_the_real_fault(
    host: str, path: list[str], tag: str, cause: str
) -> None:
    image = host + "/".join(path) + tag
    assert classify("ErrImagePull", said_of(image, cause), image) is CAUSES[cause]


@given(st.text(), st.text(), st.text())
def test_any_text_is_classified(reason: str, message: str, image: str) -> None:
    assert classify(reason, message, image) in ImageProblem


@pytest.mark.parametrize("letter", ["a", "/app", "a/app:", '"', " not"])
def test_a_registry_that_answers_a_megabyte_does_not_stop_us(letter: str) -> None:
    message = "connection refused " + letter * (2**20 // len(letter))
    started = time.process_time()
    why = classify("ErrImagePull", message, "ghcr.io/team/app:v1")
    assert why is ImageProblem.UNREACHABLE
    assert time.process_time() - started < 0.1
