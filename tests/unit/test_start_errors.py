"""Containers that cannot be created: stories over built worlds and recorded snapshots."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.common.similar_names import similar_names
from podiatrist.analyzers.starting.complaints import volume_in
from podiatrist.analyzers.starting.start_errors import analyze
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.kinds import CONFIG_MAP, SERVICE_ACCOUNT
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import (
    Said,
    World,
    container,
    deployment,
    event,
    node,
    pod_of,
    revision,
    running,
    waiting,
    workload,
)

RECORDINGS = Path(__file__).parent / "recordings"
CONFIG = "CreateContainerConfigError"
AS_ROOT = (
    'container has runAsNonRoot and image will run as root (pod: "web-1_shop(u)", container: app)'
)
MOUNT = 'MountVolume.SetUp failed for volume "v" : '
SANDBOX = "Failed to create pod sandbox: rpc error: code = Unknown desc = "


def env_of(kind: str, name: str, key: str, **more: Any) -> Object:
    ref = {"name": name, "key": key, **more}
    return container() | {"env": [{"name": "PORT", "valueFrom": {f"{kind}KeyRef": ref}}]}


def config_map(name: str, *keys: str) -> Object:
    return {"metadata": {"name": name, "namespace": "shop"}, "keys": list(keys)}


def world(web: Object, pod: Object, *maps: Object, **more: Any) -> World:
    names = {CONFIG_MAP: frozenset(m["metadata"]["name"] for m in maps)}
    return World(
        web,
        pods=[pod],
        nodes=[node()],
        around={CONFIG_MAP: list(maps)},
        names=names | more.pop("names", {}),
        **more,
    )


def stuck(web: Object, message: str, reason: str = CONFIG) -> Object:
    return waiting(pod_of(web), reason, message)


def creating(web: Object) -> Object:
    return waiting(pod_of(web), "ContainerCreating")


def unmounted(web: Object, message: str, reason: str = "FailedMount", *maps: Object) -> World:
    return world(web, creating(web), *maps, events=[event("web-1", reason, message)])


def told(message: str, **pod_spec: Any) -> Said:
    web = deployment(**pod_spec)
    return world(web, stuck(web, message)).diagnose()


@pytest.mark.parametrize(
    ("name", "reason", "says", "titles"),
    [
        ("cm-env", "ConfigMapNotFound", "did you mean web-config?", ["Use web-config instead of"]),
        ("vol-proj", "ConfigMapNotFound", "Secret db-cred", ["web-config", "db-creds"]),
        ("sec-key", "SecretKeyNotFound", "password", ["Use password instead of pasword"]),
        ("over-file", "VolumeOverFile", "subPath", ["Mount only passwd of v"]),
        ("sub-missing", "SubPathNotFound", "paswd", ["Use subPath passwd"]),
        ("memmilli", "MemoryLimitTooSmall", "0.128 bytes", ["to 128Mi"]),
        ("nonroot", "RunsAsRoot", "runAsNonRoot", ["Run app as user 65532", "run as root"]),
        ("hp-dir", "HostPathNotFound", "/b-nope", []),
        ("runtime2", "RuntimeHandlerNotFound", "runsc", []),
    ],
)
def test_what_the_real_cluster_said(name: str, reason: str, says: str, titles: list[str]) -> None:
    snapshot = load(RECORDINGS / f"start-{name}.json")
    results = analyze(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert says in results[0].finding.message
    seen = texts(snapshot)
    assert all(any(e.quote in t for t in seen) for e in results[0].finding.evidence)
    offered = " ".join(o.title for o in offer_options(snapshot, results, 60))
    assert all(title in offered for title in titles)
    assert bool(offered) == bool(titles)


def test_a_near_miss_without_the_key_is_no_fix() -> None:
    web = deployment(containers=[env_of("configMap", "web-confg", "PORT")])
    pod = stuck(web, 'configmap "web-confg" not found')
    said = world(web, pod, config_map("web-config", "HOST")).diagnose()
    assert said.reasons == ["ConfigMapNotFound"]
    assert said.offers == []
    said = world(web, pod, config_map("web-config", "PORT")).diagnose()
    assert said.offers == [("Use web-config instead of ConfigMap web-confg", Risk.MEDIUM)]


def test_nothing_similar_is_no_guess() -> None:
    web = deployment(containers=[env_of("configMap", "settings", "PORT")])
    pod = stuck(web, 'configmap "settings" not found')
    said = world(web, pod, config_map("kube-root-ca.crt"), config_map("billing")).diagnose()
    assert said.offers == []
    assert "settings" in said.messages[0]


def test_what_exists_by_now_is_left_to_the_kubelet() -> None:
    web = deployment(containers=[env_of("configMap", "late", "PORT")])
    pod = stuck(web, 'configmap "late" not found')
    assert world(web, pod, config_map("late", "PORT")).diagnose().reasons == []


def test_a_key_in_other_letters() -> None:
    web = deployment(containers=[env_of("configMap", "web-config", "db-host")])
    pod = stuck(web, "couldn't find key db-host in ConfigMap shop/web-config")
    said = world(web, pod, config_map("web-config", "PORT", "DB_HOST")).diagnose()
    assert said.reasons == ["ConfigMapKeyNotFound"]
    assert said.offers[0][0] == "Use DB_HOST instead of db-host of ConfigMap web-config"


def test_all_that_is_missing_is_mended_at_once() -> None:
    """The kubelet names the first only; a fix of that one alone would be undone as no help."""
    env = [
        env_of("configMap", "web-confg", "PORT")["env"][0],
        env_of("configMap", "db-confg", "HOST")["env"][0] | {"name": "HOST"},
    ]
    web = deployment(containers=[container() | {"env": env}])
    pod = stuck(web, 'configmap "web-confg" not found')
    maps = [config_map("web-config", "PORT"), config_map("db-config", "HOST")]
    said = world(web, pod, *maps).diagnose()
    assert said.reasons == ["ConfigMapNotFound"]
    assert "db-confg" in said.messages[0]
    assert len(said.options) == 1
    assert len(said.options[0].actions) == 2


def test_a_secret_that_others_run_with() -> None:
    other = deployment("batch", containers=[env_of("secret", "db-creds", "password")])
    web = deployment(containers=[env_of("secret", "db-cred", "password")])
    here = world(web, stuck(web, 'secret "db-cred" not found'), others=[running(pod_of(other))])
    said = here.diagnose()
    assert said.reasons == ["SecretNotFound"]
    assert said.offers[0][0] == "Use db-creds instead of Secret db-cred"
    here.others = [waiting(pod_of(other), CONFIG, "")]
    assert here.diagnose().offers == [], "a pod that does not run proves nothing"


def test_a_deleted_config_map_is_told_as_such() -> None:
    web = deployment(containers=[env_of("configMap", "settings", "PORT")], replicas=2)
    old, new = running(pod_of(web)), stuck(web, 'configmap "settings" not found')
    new["metadata"]["name"] = "web-2"
    here = world(web, new, config_map("other"))
    here.pods.append(old)
    assert "probably deleted" in here.diagnose().messages[0]


def test_another_namespaces_secret_is_none_of_ours() -> None:
    elsewhere = running(pod_of(deployment("api", containers=[env_of("secret", "token", "k")])))
    elsewhere["metadata"] |= {"namespace": "prod", "uid": "x"}
    web = deployment(containers=[env_of("secret", "token", "k")])
    here = world(web, stuck(web, 'secret "token" not found'))
    snapshot = here.snapshot()
    snapshot.cluster_pods.extend(World(web, others=[elsewhere]).snapshot().cluster_pods)
    (result,) = analyze(snapshot)
    assert "namespace prod has one of that name" in result.finding.message


def test_the_way_back_comes_first() -> None:
    web = deployment(containers=[env_of("configMap", "web-confg", "PORT")])
    back = revision(web, 1, ready=1, env=[])
    pod = stuck(web, 'configmap "web-confg" not found')
    maps = (config_map("web-config", "PORT"),)
    said = world(web, pod, *maps, revisions=[back, revision(web, 2)]).diagnose()
    assert [title for title, _ in said.offers] == [
        "Roll back to revision 1",
        "Use web-config instead of ConfigMap web-confg",
    ]
    same = revision(web, 1, ready=1, image="nginx:1.26")
    said = world(web, pod, *maps, revisions=[same, revision(web, 2)]).diagnose()
    assert "Roll back to revision 1" not in dict(said.offers), "it asks for the same"


def test_a_stateful_sets_sick_pod_goes_with_the_change() -> None:
    db = workload("StatefulSet", "db", containers=[env_of("configMap", "web-confg", "PORT")])
    pod = stuck(db, 'configmap "web-confg" not found')
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "uid-db"}
    pod["metadata"]["ownerReferences"] = [owner | {"controller": True}]
    said = world(db, pod, config_map("web-config", "PORT")).diagnose()
    assert said.reasons == ["ConfigMapNotFound"]
    assert [a.type for a in said.options[0].actions] == ["SetReference", "DeletePod"]


def test_a_bare_pod_is_explained_and_left_alone() -> None:
    pod = workload("Pod", "web-1", containers=[env_of("configMap", "web-confg", "PORT")])
    said = world(
        pod, stuck(pod, 'configmap "web-confg" not found'), config_map("web-config", "PORT")
    ).diagnose()
    assert said.reasons == ["ConfigMapNotFound"]
    assert said.offers == []


def test_a_mount_of_a_missing_key() -> None:
    items = [{"key": "ap.conf", "path": "a"}]
    web = deployment(volumes=[{"name": "v", "configMap": {"name": "conf", "items": items}}])
    text = MOUNT + "configmap references non-existent config key: ap.conf"
    said = unmounted(web, text, "FailedMount", config_map("conf", "app.conf")).diagnose()
    assert said.reasons == ["ConfigMapKeyNotFound"]
    assert said.offers[0][0] == "Use app.conf instead of ap.conf of ConfigMap conf"


def test_a_service_account_that_is_gone() -> None:
    web = deployment(serviceAccountName="robt")
    text = MOUNT + 'failed to fetch token: serviceaccounts "robt" not found'
    here = unmounted(web, text)
    here.names = {**here.names, SERVICE_ACCOUNT: frozenset({"default", "robot"})}
    said = here.diagnose()
    assert said.reasons == ["ServiceAccountNotFound"]
    assert said.offers[0][0] == "Use robot instead of ServiceAccount robt"


@pytest.mark.parametrize(
    ("message", "volume", "reason"),
    [
        (
            (
                "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name "
                "nope.example.com not found in the list of registered CSI drivers"
            ),
            {"csi": {"driver": "nope.example.com"}},
            "CSIDriverNotFound",
        ),
        (
            "hostPath type check failed: /etc is not a file, it's a Directory",
            {"hostPath": {"path": "/etc"}},
            "HostPathWrongType",
        ),
        (
            (
                "mount failed: exit status 32\nMounting command: mount\nOutput: mount.nfs: access "
                "denied by server while mounting 10.9.9.9:/x"
            ),
            {"nfs": {"server": "10.9.9.9", "path": "/x"}},
            "VolumeAccessDenied",
        ),
        (
            "mount failed: exit status 32\nOutput: mount.nfs: Connection timed out",
            {"nfs": {"server": "10.9.9.9", "path": "/x"}},
            "VolumeServerUnreachable",
        ),
        (
            "mount failed: exit status 32\nOutput: mount: unknown filesystem type 'nfs'.",
            {"nfs": {"server": "10.9.9.9", "path": "/x"}},
            "FilesystemNotSupported",
        ),
        ("something nobody has seen yet", {"emptyDir": {}}, "MountFailed"),
    ],
)
def test_mounts_that_fail(message: str, volume: Object, reason: str) -> None:
    web = deployment(volumes=[{"name": "v", **volume}])
    assert unmounted(web, MOUNT + message).diagnose().reasons == [reason]


def test_waiting_for_an_attachment_is_another_story() -> None:
    web = deployment(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])
    text = "Unable to attach or mount volumes: unmounted volumes=[v]: timed out waiting for the "
    here = unmounted(web, text + "condition")
    here.events.append(event("web-1", "FailedAttachVolume", "Multi-Attach error for volume"))
    assert analyze(here.snapshot()) == []


def test_a_mount_that_succeeded_since_is_history() -> None:
    web = deployment(volumes=[{"name": "v", "configMap": {"name": "conf"}}])
    here = unmounted(web, MOUNT + "failed to sync configmap cache: timed out waiting")
    assert here.diagnose().reasons == [], "the kubelet is only slow"
    here = unmounted(web, MOUNT + "broken")
    started = {"type": "PodReadyToStartContainers", "status": "True"}
    here.pods[0]["status"]["conditions"] = [started]
    assert here.diagnose().reasons == [], "it pulls the image now"
    here = unmounted(web, MOUNT + "broken")
    here.events[0]["lastTimestamp"] = "2026-11-03T11:40:00Z"
    assert here.diagnose().reasons == [], "not tried for 20 minutes: nothing is known"


def test_another_pod_of_that_name_is_not_this_one() -> None:
    web = deployment()
    here = unmounted(web, MOUNT + "broken")
    here.events[0]["involvedObject"]["uid"] = "of the one before"
    assert here.diagnose().reasons == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('failed to get sandbox runtime: no runtime for "runsc" is configured', "Runtime"),
        (
            'network for sandbox "a": no IP addresses available in range set: 10.4.0.1-10.4.0.6',
            "PodIPsExhausted",
        ),
        (
            'network for sandbox "a": failed to find plugin "calico" in path [/opt/cni/bin]',
            "NetworkPluginNotFound",
        ),
        ("cni plugin not initialized", "PodNetworkFailed"),
        ("write /proc/sys/net/ipv4/tcp_rmem: invalid argument: unknown", "SysctlInvalid"),
        ("mkdir /var/lib/x: no space left on device", "NodeDiskFull"),
        ("something else", "SandboxFailed"),
    ],
)
def test_sandboxes_that_fail(message: str, reason: str) -> None:
    web = deployment(runtimeClassName="sandboxed")
    said = unmounted(web, SANDBOX + message, "FailedCreatePodSandBox").diagnose()
    assert len(said.reasons) == 1
    assert said.reasons[0].startswith(reason)


def test_a_full_disk_of_a_node_under_pressure_is_the_nodes() -> None:
    here = unmounted(
        deployment(), SANDBOX + "mkdir /x: no space left on device", "FailedCreatePodSandBox"
    )
    here.nodes[0]["status"]["conditions"] = [{"type": "DiskPressure", "status": "True"}]
    (result,) = analyze(here.snapshot())
    assert result.cause is not None
    assert str(result.cause) == "Node n1"
    assert result.proposals == ()


@pytest.mark.parametrize(("limit", "meant"), [("128m", "128Mi"), ("256", "256Mi"), ("2Mi", "64Mi")])
def test_memory_limits_nothing_fits_into(limit: str, meant: str) -> None:
    app = container() | {"resources": {"limits": {"memory": limit}}}
    text = SANDBOX + "container init was OOM-killed (memory limit too low?): unknown"
    said = unmounted(deployment(containers=[app]), text, "FailedCreatePodSandBox").diagnose()
    assert said.reasons == ["MemoryLimitTooSmall"]
    assert said.offers[0][0] == f"Set the memory limit of app to {meant}"


def test_the_same_image_shows_which_user_works() -> None:
    other = running(pod_of(deployment("batch", securityContext={"runAsUser": 1234})))
    web = deployment(containers=[container() | {"securityContext": {"runAsNonRoot": True}}])
    said = world(web, stuck(web, AS_ROOT), others=[other]).diagnose()
    assert said.reasons == ["RunsAsRoot"]
    assert said.offers == [
        ("Run app as user 1234", Risk.MEDIUM),
        ("Let app run as root", Risk.HIGH),
    ]


def test_a_named_user_gets_its_usual_number() -> None:
    said = told(
        "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is "
        'non-root (pod: "web-1_shop(u)", container: app)'
    )
    assert said.reasons == ["UserNotNumeric"]
    assert said.offers[0] == ("Run app as user 101", Risk.MEDIUM)


def test_containers_of_one_image_get_the_user_together() -> None:
    web = deployment(
        containers=[container(), container("side"), container("other", "redis:7")],
        securityContext={"runAsNonRoot": True},
    )
    said = world(web, stuck(web, AS_ROOT)).diagnose()
    assert said.offers[0][0] == "Run app and side as user 65532"


@pytest.mark.parametrize(
    ("message", "reason", "says"),
    [
        ("container nope not found", "ContainerNotFound", "nope"),
        ("missing value for NOPE", "SubPathVariableMissing", "$(NOPE)"),
        ("failed to create containerd container: no command specified", "NoCommand", "nginx"),
        ('failed to prepare subPath for volumeMount "v" of container "app"', "SubPathFailed", "v"),
        ("something nobody has seen yet", "ContainerNotCreated", "nobody has seen"),
    ],
)
def test_other_mistakes(message: str, reason: str, says: str) -> None:
    said = told(message)
    assert said.reasons == [reason]
    assert says in said.messages[0]


def test_what_old_pods_asked_for_is_told_and_not_mended() -> None:
    web = deployment(containers=[env_of("configMap", "web-confg", "PORT")])
    old = revision(web, 1)
    old["metadata"]["uid"] = "uid-old"
    pod = stuck(web, 'configmap "web-confg" not found')
    pod["metadata"]["ownerReferences"] = [{"uid": "uid-old", "controller": True}]
    here = world(
        web, pod, config_map("web-config", "PORT"), revisions=[old, revision(web, 2, ready=1)]
    )
    said = here.diagnose()
    assert said.reasons == ["ConfigMapNotFound"]
    assert said.offers == []


def test_as_long_as_todays_pods_are_stuck_old_ones_are_the_past() -> None:
    web = deployment(containers=[env_of("configMap", "new", "PORT")])
    old = revision(web, 1)
    old["metadata"]["uid"] = "uid-old"
    before = waiting(pod_of(web, 2), CONFIG, 'secret "old" not found')
    before["metadata"]["ownerReferences"] = [{"uid": "uid-old", "controller": True}]
    here = world(web, stuck(web, 'configmap "new" not found'), config_map("other"))
    here.pods.append(before)
    here.revisions = [revision(web, 2), old]
    assert here.diagnose().reasons == ["ConfigMapNotFound"]


def test_a_seccomp_profile_that_no_node_has() -> None:
    profile = {"type": "Localhost", "localhostProfile": "audit.json"}
    web = deployment(securityContext={"seccompProfile": profile})
    text = 'cannot load seccomp profile "/var/lib/kubelet/seccomp/audit.json": open: no such file'
    back = revision(web, 1, ready=1)
    back["spec"]["template"]["spec"]["securityContext"] = {}
    revisions = [back, revision(web, 2)]
    said = world(web, stuck(web, text, "CreateContainerError"), revisions=revisions).diagnose()
    assert said.reasons == ["SeccompProfileNotFound"]
    assert [title for title, _ in said.offers] == [
        "Roll back to revision 1",
        "Use the runtime's default seccomp profile",
    ]


@pytest.mark.parametrize(
    "pod",
    [
        pod_of(deployment()),
        running(pod_of(deployment())),
        waiting(pod_of(deployment()), "ContainerCreating"),
        waiting(pod_of(deployment()), "PodInitializing"),
        waiting(pod_of(deployment()), "CrashLoopBackOff", "back-off 40s restarting"),
    ],
)
def test_healthy_or_somebody_elses(pod: Object) -> None:
    assert analyze(world(deployment(), pod).snapshot()) == []


def test_a_pod_that_is_leaving_is_left() -> None:
    web = deployment()
    pod = stuck(web, 'configmap "x" not found')
    pod["metadata"]["deletionTimestamp"] = "2026-11-03T11:59:59Z"
    assert analyze(world(web, pod).snapshot()) == []


def test_a_sub_path_that_fails_in_silence() -> None:
    """Where the image has no such file, a directory is mounted and only the program complains."""
    mount = {"name": "v", "mountPath": "/conf/app.conf", "subPath": "ap.conf"}
    web = deployment(
        containers=[container() | {"volumeMounts": [mount]}],
        volumes=[{"name": "v", "configMap": {"name": "conf"}}],
    )
    pod = waiting(pod_of(web), "CrashLoopBackOff")
    ended = {"exitCode": 1, "reason": "Error"}
    pod["status"]["containerStatuses"][0] |= {"lastState": {"terminated": ended}}
    here = world(web, pod, config_map("conf", "app.conf"))
    assert analyze(here.snapshot()) == [], "nobody says that it is about that file"
    here.logs = [ContainerLog("shop", "web-1", "app", False, "cat: read error: Is a directory")]
    (result,) = analyze(here.snapshot())
    assert result.finding.reason == "SubPathNotFound"
    assert result.proposals[0].title == "Use subPath app.conf instead of ap.conf"


def test_similar_names() -> None:
    assert similar_names("db_host", ["DB_HOST", "DB_PORT"])[0] == "DB_HOST"
    assert similar_names("config", ["web-config", "billing"]) == ["web-config"]
    assert similar_names("web-confg", ["web-config"]) == ["web-config"]
    assert similar_names("a", ["b", "a"]) == []


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=8))
def test_similar_names_come_from_those_known(name: str, known: list[str]) -> None:
    found = similar_names(name, known)
    assert name not in found
    assert set(found) <= set(known)
    assert len(found) <= 2


_PIECES = st.sampled_from(
    [
        'configmap "', '" not found', "couldn't find key ", " in ConfigMap shop/", "error mounting",
        ' "/a" to rootfs at "/b": not a directory', MOUNT, "no space left on device", "\x00\ud800",
        "container has runAsNonRoot and image will run as root", "non-existent config key: ",
        "image has non-numeric user (", ")", "hostPath type check failed", SANDBOX, "[", "]", " : ",
        "no IP addresses available in range set: ", "x" * 5000,
    ]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=9), max_size=12), st.booleans())
def test_no_message_breaks_a_rule(pieces: list[str], in_event: bool) -> None:
    message = "".join(pieces)
    app = env_of("configMap", "web-confg", "PORT") | {
        "volumeMounts": [{"name": "v", "mountPath": "/b"}],
        "resources": {"limits": {"memory": "junk"}},
    }
    web = deployment(containers=[app], volumes=[{"name": "v", "configMap": {"name": "c"}}])
    here = unmounted(web, message) if in_event else world(web, stuck(web, message))
    for result in analyze(here.snapshot()):
        assert result.finding.evidence[0].quote
    assert isinstance(volume_in(message), str)
