"""Why an image cannot be pulled, as a real kubelet says it of a real registry."""

import pytest

from tests.e2e.kube import Kube, deployment, until

pytestmark = pytest.mark.containers


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("private/app:v1", "ImageNotFoundOrDenied"),
        ("quay.io/fault-403/app:v1", "ImagePullDenied"),
        ("fault-429/limited:v1", "RegistryRateLimited"),
        ("ghcr.io/fault-500/app:v1", "RegistryError"),
        ("no-such-host.example/app:v1", "RegistryHostUnknown"),
        ("tls-broken.example/app:v1", "RegistryTLSError"),
        ("timeout.example/app:v1", "RegistryTimeout"),
        ("Nginx", "ImageNameInvalid"),
    ],
)
def test_reasons_of_failed_pulls_are_told_apart(kube: Kube, image: str, reason: str) -> None:
    kube.apply(deployment(image=image))
    found = kube.wait_for_diagnosis("AwaitingApproval", "NeedsHuman", patience=150)

    def look() -> tuple[bool, list[str]]:
        seen = [f.reason for f in kube.diagnoses()[0].status.findings]
        return seen == [reason], seen

    until(look, reason)
    assert image.split(":", maxsplit=1)[0] in (found.status.summary or "")
