"""What we rely on in the API server's own reading of a JSON patch."""

import json

from podiatrist.actions.patches import MISSING, Change, patch_of
from tests.e2e.kube import Kube


def patched(kube: Kube, uid: str, *changes: Change) -> str:
    """Send a patch made of changes; returns what kubectl said."""
    patch = patch_of(list(changes), uid)
    return kube("patch", "configmap", "probe", "--type=json", "-p", patch, check=False)


def probe(kube: Kube, **data: str) -> str:
    kube.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "data": data}
    )
    return str(kube.get("configmap", "probe")["metadata"]["uid"])


def test_null_in_a_test_means_absent(kube: Kube) -> None:
    """A change that adds a key is refused when somebody else was first."""
    uid = probe(kube, there="theirs")
    add = Change(("data", "new"), MISSING, "ours")
    clash = Change(("data", "there"), MISSING, "ours")
    assert "patched" in patched(kube, uid, add)
    assert "patched" not in patched(kube, uid, clash)
    assert kube.get("configmap", "probe")["data"] == {"there": "theirs", "new": "ours"}


def test_old_value_and_uid_are_preconditions(kube: Kube) -> None:
    uid = probe(kube, key="theirs")
    assert "patched" not in patched(kube, uid, Change(("data", "key"), "stale", "ours"))
    assert "patched" not in patched(kube, "other-uid", Change(("data", "key"), "theirs", "ours"))
    change = Change(("data", "key"), "theirs", "ours")
    assert "patched" in patched(kube, uid, change)
    assert "patched" not in patched(kube, uid, change), "the same patch went through twice"
    assert "patched" in patched(kube, uid, change.reversed())
    assert kube.get("configmap", "probe")["data"] == {"key": "theirs"}


def test_odd_keys_are_escaped(kube: Kube) -> None:
    """Slashes and tildes in label keys are part of the key, not of the path."""
    uid = probe(kube, key="value")
    label = Change(("metadata", "labels"), MISSING, {"example.com/a": "1"})
    other = Change(("metadata", "labels", "example.com/a"), "1", "2")
    assert "patched" in patched(kube, uid, label)
    assert "patched" in patched(kube, uid, other)
    labels = kube.get("configmap", "probe")["metadata"]["labels"]
    assert labels == json.loads('{"example.com/a": "2"}')
