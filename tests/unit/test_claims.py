"""Stories of pods that wait for their PersistentVolumeClaims."""

from typing import Any

import pytest

from podiatrist.api.diagnosis import Risk
from tests.unit.builders import (
    World,
    claim,
    claim_volume,
    deployment,
    event,
    node,
    pod_of,
    storage_class,
    unscheduled,
    workload,
)

UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
NO_CLASS = "no persistent volumes available for this claim and no storage class is set"


def waiting_for(*claims: Any, volume: Any = None, **more: Any) -> World:
    """Return a Deployment that waits for claim `data` beside these claims."""
    web = deployment(volumes=[volume or claim_volume("data")])
    pods = [unscheduled(pod_of(web), UNBOUND)]
    return World(web, pods=pods, nodes=[node()], claims=list(claims), **more)


def volume(name: str, size: str = "10Gi", phase: str = "Available", **spec: Any) -> Any:
    given = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, **spec}
    return {"metadata": {"name": name}, "spec": given, "status": {"phase": phase}}


def test_a_missing_claim_with_a_near_miss_is_offered_at_high_risk() -> None:
    said = waiting_for(claim("web-data", phase="Bound"), volume=claim_volume("web-date")).diagnose()
    assert said.reasons == ["ClaimNotFound"]
    assert (
        "volume data asks for claim web-date, which does not exist; did you mean web-data?"
        in (said.messages[0])
    )
    assert said.offers == [("Use claim web-data for volume data", Risk.HIGH)]
    assert said.options[0].actions[0].parameters == {"volume": "data", "claim": "web-data"}


def test_a_missing_claim_without_a_near_miss_is_left_to_a_human() -> None:
    said = waiting_for(claim("logs"), volume=claim_volume("postgres")).diagnose()
    assert said.reasons == ["ClaimNotFound"]
    assert said.messages[0].endswith("which does not exist")
    assert said.options == []


def test_a_claim_of_a_class_that_does_not_exist() -> None:
    asked = claim("data", storageClassName="fast")
    said_so = event("data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    classes = [storage_class("slow"), storage_class("cold")]
    said = waiting_for(asked, classes=classes, events=[said_so]).diagnose()
    assert said.reasons == ["StorageClassNotFound"]
    assert (
        "asks for StorageClass fast, which does not exist; there are cold, slow"
        in (said.messages[0])
    )
    quotes = [e.quote for e in said.results[0].finding.evidence]
    said_by_all = [UNBOUND, 'storageclass.storage.k8s.io "fast" not found']
    assert quotes == [*said_by_all, '"storageClassName":"fast"']


def test_a_claim_without_class_in_a_cluster_without_default() -> None:
    events = [event("data", "FailedBinding", NO_CLASS)]
    said = waiting_for(claim("data"), classes=[storage_class("slow")], events=events).diagnose()
    assert said.reasons == ["NoDefaultStorageClass"]
    assert NO_CLASS in [e.quote for e in said.results[0].finding.evidence]


def test_a_default_class_made_later_is_not_denied() -> None:
    default = storage_class("slow")
    default["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    said = waiting_for(claim("data"), classes=[default]).diagnose()
    assert said.reasons == ["ProvisionerSilent"]


@pytest.mark.parametrize(
    ("volumes", "why"),
    [
        ([], "no volume of that class exists"),
        (
            [volume("pv1", "5Gi"), volume("pv2", "9Gi")],
            "volume pv1 has 5Gi, 10Gi is asked for, volume pv2 has 9Gi, 10Gi is asked for",
        ),
        ([volume("pv1", phase="Bound")], "volume pv1 is taken"),
        (
            [volume("pv1", accessModes=["ReadOnlyMany"])],
            "volume pv1 offers ReadOnlyMany, not ReadWriteOnce",
        ),
        ([volume("pv1", storageClassName="other")], "no volume of that class exists"),
    ],
)
def test_why_no_hand_made_volume_matches(volumes: list[Any], why: str) -> None:
    said = waiting_for(claim("data", storageClassName=""), volumes=volumes).diagnose()
    assert said.reasons == ["NoMatchingVolume"]
    assert said.messages[0].endswith(why)


def test_volumes_of_a_class_without_provisioner_are_made_by_hand_too() -> None:
    local = storage_class(
        "local", "kubernetes.io/no-provisioner", volumeBindingMode="WaitForFirstConsumer"
    )
    small = volume("pv1", "1Gi", storageClassName="local")
    asked = claim("data", storageClassName="local")
    said = waiting_for(asked, classes=[local], volumes=[small]).diagnose()
    assert said.reasons == ["NoMatchingVolume"]
    assert said.messages[0].endswith("volume pv1 has 1Gi, 10Gi is asked for")


def test_a_provisioner_that_failed_is_quoted() -> None:
    asked = claim("data", storageClassName="slow")
    events = [event("data", "ProvisioningFailed", "quota of 5 volumes exceeded")]
    said = waiting_for(asked, classes=[storage_class("slow")], events=events).diagnose()
    assert said.reasons == ["ProvisioningFailed"]
    assert said.messages[0].endswith(
        "got no volume of class slow from csi.example.com: quota of 5 volumes exceeded"
    )


def test_a_claim_that_waits_for_its_pod_is_no_fault() -> None:
    late = storage_class("slow", volumeBindingMode="WaitForFirstConsumer")
    said = waiting_for(claim("data", storageClassName="slow"), classes=[late]).diagnose()
    assert said.reasons == ["Unschedulable"]


def test_a_lost_claim_says_that_the_data_is_elsewhere() -> None:
    said = waiting_for(claim("data", phase="Lost", volumeName="pv9")).diagnose()
    assert said.reasons == ["ClaimLost"]
    assert "lost its volume pv9" in said.messages[0]
    assert said.options == []


def test_a_bound_volume_on_another_node_keeps_the_pod_from_this_one() -> None:
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n2"]}
    there = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    bound = claim("data", phase="Bound", volumeName="pv1")
    said = waiting_for(bound, volumes=[volume("pv1", phase="Bound", nodeAffinity=there)]).diagnose()
    assert said.reasons == ["VolumeNodeConflict"]
    assert "node n1 cannot reach volume pv1 of claim data" in said.messages[0]
    assert said.options == []


def test_an_ephemeral_volume_waits_for_the_claim_named_after_its_pod() -> None:
    web = deployment(volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}])
    pods = [unscheduled(pod_of(web), UNBOUND)]
    asked = claim("web-1-scratch", storageClassName="fast")
    said = World(web, pods=pods, nodes=[node()], claims=[asked]).diagnose()
    assert said.reasons == ["StorageClassNotFound"]
    assert "there is none at all" in said.messages[0]


def test_a_bare_pods_claim_cannot_be_changed() -> None:
    pod = workload("Pod", volumes=[claim_volume("web-date")])
    world = World(pod, pods=[unscheduled(pod)], nodes=[node()], claims=[claim("web-data")])
    assert world.diagnose().reasons == ["ClaimNotFound"]
    assert world.diagnose().options == []


def test_a_claim_from_a_stateful_sets_template_says_how_to_replace_both() -> None:
    db = workload("StatefulSet", "db")
    pod = unscheduled(pod_of(db), UNBOUND)
    pod["metadata"]["name"] = "db-0"
    pod["spec"]["volumes"] = [claim_volume("data-db-0")]
    asked = claim("data-db-0", storageClassName="fast")
    said = World(db, pods=[pod], nodes=[node()], claims=[asked]).diagnose()
    assert said.reasons == ["StorageClassNotFound"]
    assert "volumeClaimTemplate of StatefulSet shop/db" in said.messages[0]
    assert "--cascade=orphan" in said.messages[0]
    assert said.options == []
