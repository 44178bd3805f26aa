"""Stories of claims as targets, and of workloads whose volumes are not there, held or full."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers import analyze as every_rule
from podiatrist.analyzers.storage.storage import analyze, explains_full_disk
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import VOLUME_ATTACHMENT
from podiatrist.cluster.logs import ContainerLog
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import (
    World,
    claim,
    claim_volume,
    container,
    copy_of,
    deployment,
    event,
    node,
    pod_of,
    revision,
    running,
    storage_class,
    unscheduled,
    workload,
)

SELECTED = {"volume.kubernetes.io/selected-node": "n1"}
MULTI = (
    'Multi-Attach error for volume "pv1" Volume is already exclusively attached to one node and '
    "can't be attached to another"
)
FAILED = 'AttachVolume.Attach failed for volume "pv1"'
NO_ATTACHER = (
    f"{FAILED} : timed out waiting for external-attacher of csi.nowhere.example.com CSI driver to "
    "attach volume v1"
)
LOST = {"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status."}


def data(phase: str = "Pending", *, born: str = "2026-11-03T11:00:00Z", **spec: Any) -> Any:
    """Return claim `data` as a target, an hour old."""
    made: Any = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    made.update(claim("data", phase=phase, **spec))
    made["metadata"] |= {"uid": "uid-data", "creationTimestamp": born}
    return made


def volume(name: str, size: str = "10Gi", phase: str = "Available", **spec: Any) -> Any:
    given = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}, **spec}
    return {"metadata": {"name": name, "labels": {}}, "spec": given, "status": {"phase": phase}}


def made_by(provisioner: str) -> Any:
    """Return a volume that a provisioner made for somebody else."""
    made = volume("pv1", phase="Bound")
    made["metadata"]["annotations"] = {"pv.kubernetes.io/provisioned-by": provisioner}
    return made


def user(name: str = "web", *, on: str = "") -> Any:
    """Return a pod of a Deployment that uses claim `data`; running where it has a node."""
    web = deployment(name, volumes=[claim_volume("data")])
    pod = pod_of(web)
    pod["metadata"]["labels"]["pod-template-hash"] = "6d5f"
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-6d5f", "uid": "u"}
    pod["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    return running(pod, on) if on else {**pod, "status": {"phase": "Pending"}}


def said_of(target: Any, *users: Any, **more: Any) -> Any:
    world = World(target, others=list(users), claims=[target], **more)
    return world.diagnose()


LATE = storage_class("slow", volumeBindingMode="WaitForFirstConsumer")


@pytest.mark.parametrize(
    ("target", "more", "reason", "word"),
    [
        (data(storageClassName="slo"), {"classes": [LATE]}, "StorageClassNotFound", "mean slow?"),
        (data(), {"classes": [LATE]}, "NoDefaultStorageClass", "there are slow"),
        (
            data(storageClassName="now"),
            {"classes": [storage_class("now")]},
            "ProvisionerSilent",
            "no volume of this cluster comes from it",
        ),
        (
            data(storageClassName="now"),
            {
                "classes": [storage_class("now")],
                "volumes": [made_by("csi.example.com")],
            },
            "ProvisionerSilent",
            "is it running?",
        ),
        (
            data(storageClassName="now"),
            {
                "classes": [storage_class("now")],
                "events": [event("data", "ProvisioningFailed", "quota of 5 volumes exceeded")],
            },
            "ProvisioningFailed",
            "quota of 5 volumes exceeded",
        ),
        (
            data(storageClassName="hand"),
            {"volumes": [volume("pv1", "1Gi", storageClassName="hand")]},
            "NoMatchingVolume",
            "volume pv1 has 1Gi, 10Gi is asked for",
        ),
        (data("Lost", volumeName="pv9"), {}, "ClaimLost", "lost its volume pv9"),
        (
            data(volumeName="pv-datta", storageClassName=""),
            {"volumes": [volume("pv-data")]},
            "VolumeNotFound",
            "pv-datta by name, which does not exist (did you mean pv-data?)",
        ),
        (
            data(volumeName="pv1", storageClassName=""),
            {"volumes": [volume("pv1", "1Gi")]},
            "VolumeMismatch",
            "volume pv1, which has 1Gi, 10Gi is asked for",
        ),
        (
            data(volumeName="pv1", storageClassName="x"),
            {"volumes": [volume("pv1")]},
            "VolumeMismatch",
            "which is of class '', the claim of 'x'",
        ),
    ],
)
def test_why_a_claim_has_no_volume(target: Any, more: Any, reason: str, word: str) -> None:
    said = said_of(target, **more)
    assert said.reasons == [reason]
    assert word in said.messages[0]
    assert said.results[0].finding.evidence
    assert said.results[0].cause is None
    assert said.options == []


@pytest.mark.parametrize(
    ("spec", "misfit"),
    [
        ({"accessModes": ["ReadOnlyMany"]}, "offers ReadOnlyMany, not ReadWriteOnce"),
        ({"volumeMode": "Block"}, "is of mode Block, not Filesystem"),
        ({"claimRef": {"namespace": "bank", "name": "gold"}}, "is reserved for claim bank/gold"),
        (
            {"claimRef": {"namespace": "shop", "name": "data", "uid": "of-the-old-one"}},
            "is reserved for claim shop/data",
        ),
        (
            {
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "zone", "operator": "In", "values": ["b"]}
                                ]
                            }
                        ]
                    }
                }
            },
            "can be reached only from nodes with zone=b, of which there is none",
        ),
    ],
)
def test_what_keeps_a_claim_from_a_volume_made_by_hand(spec: Any, misfit: str) -> None:
    said = said_of(data(storageClassName=""), volumes=[volume("pv1", **spec)], nodes=[node()])
    assert said.reasons == ["NoMatchingVolume"]
    assert f"volume pv1 {misfit}" in said.messages[0]


def test_a_volume_that_is_kept_for_a_deleted_claim_says_how_to_free_it() -> None:
    kept = volume("pv1", phase="Released", claimRef={"namespace": "shop", "name": "old"})
    said = said_of(data(storageClassName=""), volumes=[kept])
    assert "still belongs to the deleted claim shop/old (Released" in said.messages[0]
    assert 'kubectl patch pv pv1 -p \'{"spec":{"claimRef":null}}\'' in said.messages[0]


def test_a_selector_that_no_volume_matches() -> None:
    target = data(storageClassName="", selector={"matchLabels": {"disk": "ssd"}})
    assert (
        "does not match the claim's selector" in said_of(target, volumes=[volume("p")]).messages[0]
    )


def test_a_claim_that_a_workload_waits_for_is_that_workloads_story() -> None:
    target = data(storageClassName="slo")
    said = said_of(target, unscheduled(user()), classes=[LATE])
    assert said.reasons == ["StorageClassNotFound"]
    assert said.messages[0].endswith("Deployment shop/web waits for it.")
    assert str(said.results[0].cause) == "Deployment shop/web"


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (data(storageClassName="slow"), {"classes": [LATE]}),
        (data("Bound", volumeName="pv1"), {}),
        (data(storageClassName="nope", born="2026-11-03T11:59:50Z"), {}),
        (
            data(storageClassName="now", born="2026-11-03T11:59:40Z"),
            {"classes": [storage_class("now")]},
        ),
        (data(storageClassName=""), {"volumes": [volume("pv1")]}),
        (
            data(storageClassName="local"),
            {
                "classes": [
                    storage_class(
                        "local",
                        "kubernetes.io/no-provisioner",
                        volumeBindingMode="WaitForFirstConsumer",
                    )
                ]
            },
        ),
        (data(storageClassName="slow"), {"classes": [LATE], "users": [unscheduled(user())]}),
    ],
)
def test_claims_that_are_well_or_wait_as_they_should(target: Any, more: Any) -> None:
    given = {k: v for k, v in more.items() if k != "users"}
    assert said_of(target, *more.get("users", []), **given).reasons == []


def test_events_of_a_claim_of_the_same_name_that_is_gone_are_no_evidence() -> None:
    old = event("data", "ProvisioningFailed", "of the past")
    old["involvedObject"]["uid"] = "another"
    said = said_of(data(storageClassName="now"), classes=[storage_class("now")], events=[old])
    assert said.reasons == ["ProvisionerSilent"]


def growing(*conditions: Any, at: str = "2026-11-03T11:50:00Z", **more: Any) -> Any:
    made = data("Bound", volumeName="pv1", **more)
    made["status"] |= {"capacity": {"storage": "5Gi"}, "conditions": list(conditions)}
    made["metadata"]["managedFields"] = [
        {"time": at, "manager": "kubectl"},
        {"time": "2026-11-03T11:59:59Z", "subresource": "status"},
    ]
    return made


def fact(kind: str, message: str = "", at: str = "2026-11-03T11:50:00Z") -> Any:
    return {"type": kind, "status": "True", "message": message, "lastTransitionTime": at}


def test_a_claim_that_nobody_makes_larger() -> None:
    said = said_of(growing())
    assert said.reasons == ["ResizeStuck"]
    assert "has 5Gi and asks for 10Gi since 2026-11-03 11:50 UTC" in said.messages[0]


def test_a_resize_that_failed_is_quoted() -> None:
    failed = growing(fact("ControllerResizeError", "quota of the disks exceeded"))
    assert said_of(failed).reasons == ["ResizeFailed"]
    told = event("data", "VolumeResizeFailed", "resize volume pv1 failed: out of disks")
    said = said_of(growing(), events=[told])
    assert said.reasons == ["ResizeFailed"]
    assert "out of disks" in said.messages[0]


def test_a_file_system_that_grows_with_the_next_start() -> None:
    waits = growing(fact("FileSystemResizePending", "Waiting for user to (re-)start a pod"))
    said = said_of(waits, user(on="n1"))
    assert said.reasons == ["ResizeNeedsRestart"]
    assert "when the pods of Deployment shop/web are started again" in said.messages[0]
    assert said_of(waits).reasons == []  # nobody uses it: it grows when somebody does


@pytest.mark.parametrize(
    "well",
    [
        growing(at="2026-11-03T11:59:30Z"),
        growing(fact("Resizing", at="2026-11-03T11:59:30Z")),
        growing(fact("FileSystemResizePending", at="2026-11-03T11:59:00Z")),
        growing(resources={"requests": {"storage": "5Gi"}}),
    ],
)
def test_a_claim_that_is_growing_is_well(well: Any) -> None:
    assert said_of(well, user(on="n1")).reasons == []


def waits_for_data(**more: Any) -> World:
    """Return a Deployment whose pod has no node and no word of the scheduler."""
    web = deployment(volumes=[claim_volume("data")])
    pod = {**pod_of(web), "status": {"phase": "Pending", "nominatedNodeName": "n1"}}
    asked = data(storageClassName="slow", **more)
    asked["metadata"]["annotations"] = SELECTED
    return World(web, pods=[pod], nodes=[node()], claims=[asked], classes=[LATE])


def test_a_pod_that_waits_for_a_silent_provisioner_has_no_condition_at_all() -> None:
    said = waits_for_data().diagnose()
    assert said.reasons == ["ProvisionerSilent"]
    assert "1 pod of Deployment shop/web has no node: claim data waits" in said.messages[0]


def test_a_pod_that_was_only_just_made_may_wait() -> None:
    world = waits_for_data()
    world.pods[0]["metadata"]["creationTimestamp"] = "2026-11-03T11:59:45Z"
    assert world.diagnose().reasons == []


def test_gated_and_ready_pods_do_not_wait_for_a_volume() -> None:
    world = waits_for_data()
    world.pods[0]["spec"]["schedulingGates"] = [{"name": "later"}]
    assert world.diagnose().reasons == []


def turns(*, old: bool) -> World:
    """Return a Deployment of two pods, of which one has the ReadWriteOncePod claim."""
    web = deployment(replicas=2, volumes=[claim_volume("data")])
    has = running(pod_of(web, 1))
    revisions = [revision(web, 1, ready=1), revision(web, 2)]
    for number, made in enumerate(revisions, 1):
        made["metadata"]["uid"] = f"rs{number}"
    owner = {"uid": "rs1" if old else "rs2", "kind": "ReplicaSet", "controller": True}
    has["metadata"]["ownerReferences"] = [owner]
    only = data("Bound", volumeName="pv1", accessModes=["ReadWriteOncePod"])
    pods = [has, unscheduled(pod_of(web, 2))]
    return World(web, pods=pods, nodes=[node()], claims=[only], revisions=revisions)


def test_a_volume_for_one_pod_is_let_go_by_the_old_pod_first() -> None:
    said = turns(old=True).diagnose()
    assert said.reasons[0] == "ClaimInUse"
    assert "for one pod at a time (ReadWriteOncePod), and pod web-1 has it" in said.messages[0]
    assert said.offers[0][0] == "Let the old pod go before the new one comes (maxSurge 0)"


def test_a_volume_for_one_pod_has_no_room_for_two() -> None:
    said = turns(old=False).diagnose()
    assert ("Scale to the 1 pod(s) that have the volume", Risk.MEDIUM) in said.offers


def test_a_claim_that_is_being_deleted_takes_no_new_pods() -> None:
    web = deployment(volumes=[claim_volume("data")])
    going = data("Bound", volumeName="pv1")
    going["metadata"]["deletionTimestamp"] = "2026-11-03T11:30:00Z"
    world = World(web, pods=[unscheduled(pod_of(web))], nodes=[node()], claims=[going],
                  others=[user("old", on="n1")])  # fmt: skip
    said = world.diagnose()
    assert said.reasons == ["ClaimBeingDeleted"]
    assert "it stays until pod old-1 is gone" in said.messages[0]


def creating(owner: Any, number: int = 2, on: str = "n2") -> Any:
    pod = pod_of(owner, number, nodeName=on)
    waits = {"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}}
    return {**pod, "status": {"phase": "Pending", "containerStatuses": [waits]}}


def held(message: str = MULTI, *holders: Any, **more: Any) -> World:
    web = deployment(volumes=[claim_volume("data")])
    return World(web, pods=[creating(web)], nodes=more.pop("nodes", [node(), node("n2")]),
                 claims=[data("Bound", volumeName="pv1")], others=list(holders),
                 events=[event("web-2", "FailedAttachVolume", message)], **more)  # fmt: skip


def test_a_volume_that_another_workload_holds_on_another_node() -> None:
    said = held(MULTI, user("old", on="n1")).diagnose()
    assert said.reasons == ["VolumeAttachedElsewhere"]
    assert (
        "volume pv1 of claim data is still attached to node n1, where pod old-1 of Deployment "
        "shop/old uses it" in said.messages[0]
    )
    assert said.options == []


def test_a_volume_on_a_lost_node_is_the_nodes_fault() -> None:
    lost = node()
    lost["status"]["conditions"] = [LOST]
    said = held(MULTI, user("old", on="n1"), nodes=[lost, node("n2")]).diagnose()
    assert str(said.results[0].cause) == "Node n1"


def test_an_attachment_to_a_node_that_is_gone() -> None:
    spec = {"nodeName": "n9", "source": {"persistentVolumeName": "pv1"}}
    left = {"metadata": {"name": "csi-1"}, "spec": spec, "status": {"attached": True}}
    said = held(around={VOLUME_ATTACHMENT: [left]}).diagnose()
    assert "attached to node n9; that node does not exist any more" in said.messages[0]


def test_an_update_that_waits_for_its_own_old_pod() -> None:
    world = held()
    old = running(pod_of(world.target, 1), "n1")
    old["metadata"]["ownerReferences"] = [{"uid": "rs1", "kind": "ReplicaSet", "controller": True}]
    world.pods.append(old)
    world.revisions = [revision(world.target, 1, ready=1), revision(world.target, 2)]
    world.revisions[0]["metadata"]["uid"] = "rs1"
    said = world.diagnose()
    assert said.reasons == ["VolumeAttachedElsewhere"]
    assert said.offers == [
        ("Let the old pod go before the new one comes (maxSurge 0)", Risk.MEDIUM)
    ]


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (
            NO_ATTACHER,
            "does the controller of CSI driver csi.nowhere.example.com run?",
        ),
        (
            f"{FAILED} : CSINode n2 does not contain driver csi.example.com",
            "CSI driver csi.example.com does not run on node n2",
        ),
        ('AttachVolume.Attach failed for volume "pv1" : no such disk', "no such disk"),
    ],
)
def test_a_volume_that_nobody_attaches(message: str, word: str) -> None:
    said = held(message).diagnose()
    assert said.reasons == ["AttachFailed"]
    assert word in said.messages[0]


def test_an_attachment_that_came_in_the_end_is_history() -> None:
    world = held()
    world.pods = [running(world.pods[0], "n2")]
    assert world.diagnose().reasons == []


def full(line: str, *, mounts: Any = None, volumes: Any = None, well: bool = False) -> World:
    """Return a Deployment whose container ends with these words."""
    app = container()
    app["volumeMounts"] = mounts or [{"name": "data", "mountPath": "/data"}]
    web = deployment(containers=[app], volumes=volumes or [claim_volume("data")])
    pod = running(pod_of(web))
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-03T09:00:00Z"}
    status = pod["status"]["containerStatuses"][0] | {"restartCount": 4}
    status |= (
        {"lastState": {"terminated": ended}}
        if well
        else {"ready": False, "state": {"terminated": ended}}
    )
    pod["status"]["containerStatuses"] = [status]
    pod["status"]["conditions"] = [{"type": "Ready", "status": str(well)}]
    log = ContainerLog("shop", "web-1", "app", well, f"starting\n{line}\nbye\n")
    bound = data("Bound", volumeName="pv1", storageClassName="slow")
    bound["status"]["capacity"] = {"storage": "10Gi"}
    return World(web, pods=[pod], nodes=[node()], claims=[bound], classes=[LATE], logs=[log])


EMPTY_DIR = {"name": "tmp", "emptyDir": {}}
ON_TMP = {"name": "tmp", "mountPath": "/data/tmp"}


@pytest.mark.parametrize(
    "line",
    [
        "write /data/app.db: no space left on device",
        "OSError: [Errno 28] No space left on device: '/data/x/y.bin'",
        'PANIC: could not write to file "pg_wal/xlogtemp.29": No space left on device',
        "Error: ENOSPC: no space left on device, write",
        "cp: error writing '/data/backup': Disk quota exceeded",
    ],
)
def test_a_claim_that_the_application_found_full(line: str) -> None:
    world = full(line)
    said = world.diagnose()
    assert said.reasons == ["VolumeFull"]
    assert "the volume of claim data (10Gi) full, mounted at /data" in said.messages[0]
    assert "StorageClass slow does not let it grow" in said.messages[0]
    snapshot = world.snapshot()
    assert explains_full_disk(snapshot, snapshot.pods[0], "app")


@pytest.mark.parametrize(
    "world",
    [
        full("write /tmp/x: no space left on device"),
        full("write /database/x: no space left on device"),
        full(
            "write /data/tmp/x: no space left on device",
            mounts=[{"name": "data", "mountPath": "/data"}, ON_TMP],
            volumes=[claim_volume("data"), EMPTY_DIR],
        ),
        full("all is well"),
        full("write /data/app.db: no space left on device", well=True),
    ],
)
def test_disks_that_are_no_claims_are_for_others_to_tell(world: World) -> None:
    snapshot = world.snapshot()
    assert analyze(snapshot) == []
    assert not explains_full_disk(snapshot, snapshot.pods[0], "app")


def test_pods_that_nobody_owns_and_stateful_sets_are_named_as_well() -> None:
    bare = workload("Pod", "solo", volumes=[claim_volume("data")])
    said = said_of(data(storageClassName="slo"), unscheduled(bare), classes=[LATE])
    assert str(said.results[0].cause) == "Pod shop/solo"


@pytest.mark.parametrize(
    ("name", "reason", "word"),
    [
        ("access-mode", "ProvisioningFailed", "only supports ReadWriteOnce"),
        ("attach-failed", "AttachFailed", "controller of CSI driver csi.nowhere.example.com"),
        ("class-missing", "StorageClassNotFound", "did you mean standard?"),
        ("full", "VolumeFull", "claim data (1Mi) full, mounted at /data"),
        ("lost", "ClaimLost", "which was deleted"),
        ("on-delete", "ImageNotFound", "ngnix:1.22"),
        ("one-pod", "ClaimInUse", "(ReadWriteOncePod)"),
        ("other-node", "VolumeNodeConflict", "cannot reach volume"),
        ("provisioner-silent", "ProvisionerSilent", "csi.nowhere.example.com"),
        ("provisioner-silent-claim", "ProvisionerSilent", "/web waits for it."),
        ("provisioner-silent-late", "ProvisionerSilent", "claim data waits for a volume"),
        ("reserved", "NoMatchingVolume", "is reserved for claim elsewhere/old"),
        ("too-small", "NoMatchingVolume", "has 1Mi, 10Mi is asked for"),
    ],
)
def test_what_a_real_cluster_showed(name: str, reason: str, word: str) -> None:
    snapshot = load(Path(__file__).parent / "recordings" / f"storage-{name}.json")
    results = every_rule(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert word in results[0].finding.message
    said = texts(snapshot)
    quotes = [e.quote for e in results[0].finding.evidence]
    assert quotes
    for quote in quotes:
        assert any(quote in text for text in said), quote


def test_pods_of_an_on_delete_workload_are_deleted_with_the_fix() -> None:
    snapshot = load(Path(__file__).parent / "recordings" / "storage-on-delete.json")
    option = offer_options(snapshot, every_rule(snapshot), 60)[0]
    assert [a.type for a in option.actions] == ["SetImage", "DeletePod"]
    assert [w.verb for w in option.writes] == ["patch", "delete"]
    assert option.diff[-1].startswith("- Pod ")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(spec=junk, status=junk, pv=junk)
def test_any_claim_and_volume_is_read_without_an_error(spec: Any, status: Any, pv: Any) -> None:
    target = data()
    target |= {"spec": spec, "status": status}
    made = volume("pv1")
    made["spec"] = pv
    world = World(target, claims=[target], volumes=[made])
    if isinstance(spec, dict | None) and isinstance(status, dict | None):
        analyze(world.snapshot())


@given(line=st.text(max_size=300), path=st.text(max_size=30))
def test_any_log_line_and_mount_is_read_without_an_error(line: str, path: str) -> None:
    text = f"{line} no space left on device"
    world = full(text, mounts=[{"name": "data", "mountPath": path}])
    analyze(world.snapshot())


def test_hostile_messages_end_quickly() -> None:
    for message in ('Volume "' * 500_000, "\x00" * 1_000_000, "CSINode " * 100_000):
        assert len(analyze(held(message).snapshot())) == 1
    for line in ("/" * 1_000_000, "/a" * 500_000, "ENOSPC " + "/data/" * 300_000):
        analyze(full(line).snapshot())
    assert copy_of({}) == {}
