"""Containers that crash or cannot be started: stories over built worlds and recorded ones."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.containers import crashes
from podiatrist.analyzers.containers.start_failures import read_start_failure
from podiatrist.cluster.kinds import LIMIT_RANGE
from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Object
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import World, container, deployment, event, node, pod_of, revision, running
from tests.unit.builders import workload as workload_of

RECORDINGS = Path(__file__).parent / "recordings"
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
)


def ended(code: int = 1, reason: str = "Error", *, at: str = "11:59:50", **more: Any) -> Object:
    """Return a terminated state that took five seconds."""
    start = f"2026-11-03T{at[:-2]}{max(0, int(at[-2:]) - 5):02d}Z"
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": start,
            "finishedAt": f"2026-11-03T{at}Z",
            **more,
        }
    }


def status(
    state: Object, *, restarts: int = 4, last: Object | None = None, name: str = "app", **more: Any
) -> Object:
    """Return a container status."""
    found = {"name": name, "restartCount": restarts, "ready": False, "state": state, **more}
    return found | ({"lastState": last} if last else {})


def with_status(pod: Object, *statuses: Object, inits: tuple[Object, ...] = ()) -> Object:
    """Return the pod, on a node, with these container statuses."""
    return {
        **pod,
        "spec": {**pod["spec"], "nodeName": "n1"},
        "status": {
            "phase": "Running",
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(inits),
        },
    }


def log_of(pod: Object, text: str, *, name: str = "app", previous: bool = False) -> ContainerLog:
    """Return a container's log."""
    return ContainerLog("shop", pod["metadata"]["name"], name, previous, text)


def crashing(text: str = "", code: int = 1, kind: str = "Deployment", **fields: Any) -> World:
    """Return a workload whose container fails again and again and says `text`."""
    web = workload_of(kind, containers=[container() | fields])
    pod = with_status(pod_of(web), status(ended(code)))
    return World(web, pods=[pod], logs=[log_of(pod, text)] if text else [])


def test_a_crash_loop_is_named_by_the_last_error_of_its_log() -> None:
    said = crashing("loading\nFATAL: licence expired\n", code=3).diagnose()
    assert said.reasons == ["CrashLoop"]
    assert "exit code 3" in said.messages[0]
    assert "licence expired" in said.messages[0]
    assert said.offers == []


def test_without_a_log_the_exit_code_speaks() -> None:
    said = crashing(code=139).diagnose()
    assert said.reasons == ["SegmentationFault"]
    assert "SIGSEGV" in said.messages[0]


def test_one_finding_for_all_pods() -> None:
    web = deployment(replicas=3)
    pods = [with_status(pod_of(web, n), status(ended())) for n in (1, 2, 3)]
    said = World(web, pods=pods).diagnose()
    assert said.reasons == ["CrashLoop"]
    assert "2 other pods" in said.messages[0]


@pytest.mark.parametrize("restarts", [0, 1])
def test_a_first_failure_is_no_crash_loop(restarts: int) -> None:
    web = deployment()
    pod = with_status(pod_of(web), status(ended(), restarts=restarts))
    world = World(web, pods=[pod], logs=[log_of(pod, "FATAL: not yet")])
    assert world.diagnose().reasons == []


def test_what_no_restart_mends_is_told_after_the_second_failure() -> None:
    web = deployment()
    pod = with_status(pod_of(web), status(ended(), restarts=1))
    world = World(web, pods=[pod], logs=[log_of(pod, "sh: API_HOST: parameter not set")])
    assert world.diagnose().reasons == ["EnvVarMissing"]


def test_a_container_that_recovered_is_left_alone() -> None:
    web = deployment()
    state = {"running": {"startedAt": "2026-11-03T11:58:00Z"}}
    pod = with_status(pod_of(web), status(state, restarts=6, last=ended(at="11:57:30"), ready=True))
    assert World(web, pods=[pod]).diagnose().reasons == []


def test_a_container_that_runs_between_two_crashes_is_told() -> None:
    web = deployment()
    state = {"running": {"startedAt": "2026-11-03T11:59:58Z"}}
    pod = with_status(pod_of(web), status(state, restarts=6, last=ended(at="11:59:55"), ready=True))
    world = World(web, pods=[pod], logs=[log_of(pod, "FATAL: no luck", previous=True)])
    said = world.diagnose()
    assert said.reasons == ["CrashLoop"]
    assert "runs again, after 6 restarts" in said.messages[0]
    assert "no luck" in said.messages[0]


@pytest.mark.parametrize(("at", "reasons"), [("11:55:00", ["OOMKilled"]), ("11:40:00", [])])
def test_out_of_memory_counts_for_a_while_after_it_runs_again(at: str, reasons: list[str]) -> None:
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    web = deployment(containers=[container() | limits])
    state = {"running": {"startedAt": "2026-11-03T11:55:10Z"}}
    last = ended(137, "OOMKilled", at=at)
    pod = with_status(pod_of(web), status(state, restarts=1, last=last, ready=True))
    assert World(web, pods=[pod]).diagnose().reasons == reasons


def out_of_memory(*, requests: Object | None = None, **world: Any) -> World:
    resources: Object = {"limits": {"memory": "64Mi"}}
    if requests:
        resources["requests"] = requests
    web = deployment(containers=[container() | {"resources": resources}])
    # Under cgroup v1 the first process may end with a code of its own.
    pod = with_status(pod_of(web), status(ended(1, "OOMKilled")))
    return World(web, pods=[pod], **world)


def test_out_of_memory_raises_the_limit() -> None:
    said = out_of_memory().diagnose()
    assert said.reasons == ["OOMKilled"]
    assert "64Mi" in said.messages[0]
    assert [t for t, _ in said.offers] == [
        "Raise the memory limit of app from 64Mi to 128Mi",
        "Raise the memory limit of app from 64Mi to 256Mi",
    ]


def test_a_request_that_equals_the_limit_rises_along() -> None:
    said = out_of_memory(requests={"memory": "64Mi"}).diagnose()
    assert said.options[0].actions[0].parameters["requests"] == {"memory": "128Mi"}
    assert "rises along" in said.options[0].rationale


def test_no_limit_beyond_what_the_namespace_or_a_node_allows() -> None:
    top = {"metadata": {"name": "top"}, "spec": {"limits": [
        {"type": "Container", "max": {"memory": "100Mi"}}]}}  # fmt: skip
    said = out_of_memory(around={LIMIT_RANGE: [top]}, nodes=[node(memory="8Gi")]).diagnose()
    assert [t for t, _ in said.offers] == ["Raise the memory limit of app from 64Mi to 100Mi"]
    assert out_of_memory(nodes=[node(memory="64Mi")]).diagnose().offers == []


def test_a_rollback_comes_first_where_older_pods_are_ready() -> None:
    world = crashing("FATAL: schema 7", args=["--new"])
    world.target["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    world.revisions = [revision(world.target, 2), revision(world.target, 1, ready=1, args=[])]
    assert [t for t, _ in world.diagnose().offers] == ["Roll back to revision 1"]


def test_no_rollback_to_a_revision_with_the_same_container_and_no_pods() -> None:
    world = crashing("FATAL: schema 7")
    world.revisions = [revision(world.target, 2), revision(world.target, 1)]
    world.revisions[1]["spec"]["template"]["metadata"]["labels"]["tier"] = "old"
    assert world.diagnose().offers == []
    world.revisions[1]["spec"]["template"]["spec"]["containers"][0]["args"] = ["--old"]
    assert [t for t, _ in world.diagnose().offers] == ["Roll back to revision 1"]


def test_a_variable_of_nearly_the_name() -> None:
    said = crashing(
        "KeyError: 'DATABASE_URL'", env=[{"name": "DATABSE_URL", "value": "x"}]
    ).diagnose()
    assert said.reasons == ["EnvVarMissing"]
    assert said.options[0].title == "Set DATABASE_URL in container app as DATABSE_URL"


def test_a_variable_that_only_another_container_has() -> None:
    side = container("side") | {"env": [{"name": "API_HOST", "value": "api"}]}
    web = deployment(containers=[container(), side])
    pod = with_status(pod_of(web), status(ended(2)))
    said = World(web, pods=[pod], logs=[log_of(pod, "sh: API_HOST: parameter not set")]).diagnose()
    assert said.options[0].title == "Set API_HOST in container app as API_HOST of container side"


def test_a_command_in_a_script() -> None:
    said = crashing(
        "sh: slep: not found", code=127, command=["sh", "-c", "echo hello; slep 5; sleepy"]
    ).diagnose()
    assert said.reasons == ["CommandNotFound"]
    assert said.options[0].actions[0].parameters["run"][2] == "echo hello; sleep 5; sleepy"


def test_a_server_that_goes_into_the_background() -> None:
    said = crashing(code=0, command=["nginx"])
    said.pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] = "Completed"
    told = said.diagnose()
    assert told.reasons == ["ContainerExits"]
    assert "daemon off" in told.options[0].title


def test_the_flag_that_was_meant_is_in_the_usage_text() -> None:
    usage = "unknown flag: --prot\nusage: serve [--port PORT] [--host HOST]"
    said = crashing(usage, args=["--prot=80"]).diagnose()
    assert [t for t, _ in said.offers] == ["Set the command of app to --port=80"]


def test_two_containers_and_one_port() -> None:
    web = deployment(containers=[container("shop"), container()])
    pod = with_status(pod_of(web), status(ended()))
    text = "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"
    said = World(web, pods=[pod], logs=[log_of(pod, text)]).diagnose()
    assert said.reasons == ["PortInUse"]
    assert "Container shop of this pod has port 80" in said.messages[0]


def test_a_path_on_a_volume_names_volume_and_user() -> None:
    web = deployment(
        containers=[container() | {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        securityContext={"runAsUser": 1000},
    )
    pod = with_status(pod_of(web), status(ended()))
    text = "sh: can't create /data/out: Permission denied"
    said = World(web, pods=[pod], logs=[log_of(pod, text)]).diagnose()
    assert said.reasons == ["PermissionDenied"]
    assert "/data is a volume (data)" in said.messages[0]
    assert "user 1000" in said.messages[0]
    assert [t for t, _ in said.offers] == ["Give the pod's volumes to group 1000 (fsGroup)"]


def test_the_termination_message_speaks_where_there_is_no_log() -> None:
    web = deployment()
    pod = with_status(pod_of(web), status(ended(message="FATAL: no licence\n")))
    assert "no licence" in World(web, pods=[pod]).diagnose().messages[0]


def test_killed_from_outside_is_told_apart() -> None:
    assert crashing(code=137).diagnose().reasons == ["ContainerKilled"]


def test_a_failed_post_start_hook() -> None:
    hook = {"exec": {"command": ["warm"]}}
    world = crashing(code=137, lifecycle={"postStart": hook})
    told = event("web-1", "FailedPostStartHook", "PostStartHook failed")
    told["involvedObject"]["fieldPath"] = "spec.containers{app}"
    world.events = [told]
    said = world.diagnose()
    assert said.reasons == ["PostStartHookFailed"]
    assert "warm" in said.messages[0]


def test_an_init_container_blocks_the_rest() -> None:
    web = deployment(initContainers=[container("migrate")])
    pod = with_status(pod_of(web), inits=(status(ended(3), name="migrate"),))
    said = World(web, pods=[pod], logs=[log_of(pod, "no table", name="migrate")]).diagnose()
    assert said.messages[0].startswith("Init container migrate")
    assert "app cannot start before it" in said.messages[0]


@pytest.mark.parametrize(
    ("since", "text", "reasons"),
    [
        ("11:59:50", "waiting for db", []),
        ("11:58:50", "waiting for db", ["InitContainerStuck"]),
        ("11:58:50", "copied 3 of 9 files", []),
        ("11:50:00", "copied 3 of 9 files", ["InitContainerStuck"]),
    ],
)
def test_an_init_container_that_does_not_end(since: str, text: str, reasons: list[str]) -> None:
    web = deployment(initContainers=[container("wait")])
    state = {"running": {"startedAt": f"2026-11-03T{since}Z"}}
    pod = with_status(pod_of(web), inits=(status(state, restarts=0, name="wait"),))
    said = World(web, pods=[pod], logs=[log_of(pod, text, name="wait")]).diagnose()
    assert said.reasons == reasons


def test_an_init_container_that_ended_well_is_no_crash() -> None:
    web = deployment(initContainers=[container("setup")])
    done = status(ended(0, "Completed"), restarts=3, name="setup")
    assert World(web, pods=[with_status(pod_of(web), inits=(done,))]).diagnose().reasons == []


def test_pods_that_are_leaving_or_well_are_left_alone() -> None:
    world = crashing("FATAL: x")
    world.pods[0]["metadata"]["deletionTimestamp"] = "2026-11-03T11:59:59Z"
    assert world.diagnose().reasons == []
    web = deployment()
    assert World(web, pods=[running(pod_of(web))]).diagnose().reasons == []


def test_a_pod_that_is_never_restarted_is_told_at_once() -> None:
    task = workload_of("Pod", "task", restartPolicy="Never")
    pod = with_status(task, status(ended(5), restarts=0))
    pod["status"]["phase"] = "Failed"
    world = World(pod, pods=[pod], logs=[log_of(pod, "no such customer")])
    said = world.diagnose()
    assert "CrashLoop" in said.reasons
    assert "no such customer" in said.messages[0]


@pytest.mark.parametrize(
    ("message", "reason", "subject"),
    [
        ('exec: "nginz": executable file not found in $PATH: unknown', "CommandNotFound", "nginz"),
        (
            'exec: "/app/x": stat /app/x: no such file or directory: unknown',
            "CommandNotFound",
            "/app/x",
        ),
        ('exec: "/s/run.sh": permission denied: unknown', "CommandNotExecutable", "/s/run.sh"),
        ('exec: "/app": is a directory: unknown', "CommandNotExecutable", "/app"),
        ("exec /app/server: exec format error", "ExecFormatError", "/app/server"),
        (
            "error during container init: mkdir /etc/passwd: not a directory: unknown",
            "BadWorkingDirectory",
            "/etc/passwd",
        ),
        (
            (
                'error during container init: chdir to cwd ("/app") set in config.json failed: '
                "permission denied: unknown"
            ),
            "BadWorkingDirectory",
            "/app",
        ),
        ("container init was OOM-killed (memory limit too low?)", "MemoryLimitTooLow", ""),
        ("something new", "StartFailed", ""),
    ],
)
def test_what_the_runtime_says(message: str, reason: str, subject: str) -> None:
    failure = read_start_failure(RUNC + message)
    assert (failure.reason, failure.subject) == (reason, subject)
    assert subject in failure.meaning


def not_started(message: str, **fields: Any) -> World:
    web = deployment(containers=[container() | fields])
    state = {"waiting": {"reason": "RunContainerError", "message": RUNC + message}}
    return World(web, pods=[with_status(pod_of(web), status(state, restarts=2))])


def test_a_whole_line_as_one_word() -> None:
    said = not_started(
        'exec: "sleep 3600": executable file not found in $PATH', command=["sleep 3600"]
    ).diagnose()
    assert said.options[0].actions[0].parameters["run"] == ["sleep", "3600"]
    said = not_started(
        'exec: "echo a && sleep 9": executable file not found in $PATH', args=["echo a && sleep 9"]
    ).diagnose()
    assert said.options[0].actions[0].parameters["args"] == ["sh", "-c", "echo a && sleep 9"]


def test_args_without_a_program_and_an_image_without_a_shell() -> None:
    message = 'exec: "--config": executable file not found in $PATH'
    world = not_started(message, args=["--config"], image="busybox")
    assert "no entrypoint" in world.diagnose().messages[0]
    assert world.diagnose().offers == []
    world = not_started('exec: "sh": executable file not found in $PATH', command=["sh", "-c", "x"])
    assert "no such shell" in world.diagnose().messages[0]
    # The name is right: ash and bash, which are close to it, were not meant.
    assert [t for t, _ in world.diagnose().offers] == [
        "Set the command of app to what the image says"
    ]


def test_a_failed_mount_is_left_to_others() -> None:
    world = not_started('error mounting "/x" to rootfs at "/y": not a directory')
    assert crashes.analyze(world.snapshot()) == []


RECORDED = [
    ("crashes-command-mistyped", "CommandNotFound", "nginz", "nginx -g 'daemon off;'"),
    ("crashes-script-not-executable", "CommandNotExecutable", "/scripts/run.sh", "sh /scripts"),
    ("crashes-working-directory", "BadWorkingDirectory", "/etc/passwd", None),
    ("crashes-read-only-root", "ReadOnlyFileSystem", "/var/lib/nginx", "write to its own"),
    ("crashes-env-mistyped", "EnvVarMissing", "DATABASE_URL", "as DATABSE_URL"),
    ("crashes-env-unset", "EnvVarMissing", "API_HOST", None),
    ("crashes-oom", "OOMKilled", "16Mi", "from 16Mi to 32Mi"),
    ("crashes-port-in-use", "PortInUse", "Container web of this pod has port 80", None),
    ("crashes-init-never-ends", "InitContainerStuck", "waiting for db", None),
]


@pytest.mark.parametrize(
    ("name", "reason", "word", "title"), RECORDED, ids=[r[0] for r in RECORDED]
)
def test_recorded(name: str, reason: str, word: str, title: str | None) -> None:
    snapshot = load(RECORDINGS / f"{name}.json")
    results = crashes.analyze(snapshot)
    assert [r.finding.reason for r in results] == [reason]
    assert word in results[0].finding.message
    seen = texts(snapshot)
    assert results[0].finding.evidence
    for evidence in results[0].finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote
    titles = [o.title for o in offer_options(snapshot, results, 60)]
    assert title is None or title in titles[0]


_nasty = st.sampled_from(["", "\x00", "\ud800", "a b", "{}", "/", 'exec: "', "x" * 9000, "$(", "'"])


@given(_nasty, _nasty, st.integers(-5, 400), st.sampled_from(["Error", "OOMKilled", "StartError"]))
def test_hostile_input_never_raises(message: str, text: str, code: int, reason: str) -> None:
    world = crashing(text or "x", code=code, command=[message], args=[text], workingDir=message)
    state = world.pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]
    state |= {"message": message, "reason": reason}
    snapshot = world.snapshot()
    for result in crashes.analyze(snapshot):
        assert result.finding.reason
    offer_options(snapshot, crashes.analyze(snapshot), 60)
