"""Stories of images around rollouts, events, several containers and kinds of workloads."""

from typing import Any

import pytest

from podiatrist.api.diagnosis import Risk
from tests.unit.builders import (
    NOT_FOUND,
    World,
    container,
    deployment,
    event,
    not_found,
    pod_of,
    revision,
    running,
    unscheduled,
    waiting,
    workload,
)

DENIED = "pull access denied, repository does not exist or may require authorization"


def web_with(image: str, kind: str = "Deployment", **more: Any) -> Any:
    return workload(kind, containers=[container(image=image)], **more)


def test_back_to_the_revision_that_runs_is_first_and_low_risk() -> None:
    web = web_with("ngnix:1.27", replicas=2)
    revisions = [revision(web, 1, ready=2, image="nginx:1.26"), revision(web, 2)]
    pods = [not_found(pod_of(web), "docker.io/library/ngnix:1.27")]
    said = World(web, pods, revisions=revisions).diagnose()
    assert said.offers == [
        ("Roll back to revision 1", Risk.LOW),
        ("Set the image of app to nginx:1.27", Risk.MEDIUM),
    ]
    undo = said.options[0]
    assert undo.commands == ["kubectl -n shop rollout undo deployment/web --to-revision=1"]
    assert "+      - image: nginx:1.26" in undo.diff
    assert not any("pod-template-hash" in line for line in undo.diff)


def test_a_revision_without_pods_proves_nothing() -> None:
    web = web_with("ghcr.io/acme/app:v2")
    revisions = [revision(web, 2), revision(web, 1, image="ghcr.io/acme/app:v1")]
    pods = [not_found(pod_of(web), "ghcr.io/acme/app:v2")]
    said = World(web, pods, revisions=revisions).diagnose()
    assert said.offers == [("Roll back to revision 1", Risk.MEDIUM)]
    assert "nothing in the cluster proves that it worked" in said.options[0].rationale


def test_a_revision_with_the_same_image_is_no_way_back() -> None:
    web = web_with("ghcr.io/acme/app:v2")
    revisions = [revision(web, 1, cpu="1"), revision(web, 2)]
    pods = [not_found(pod_of(web), "ghcr.io/acme/app:v2")]
    assert World(web, pods, revisions=revisions).diagnose().options == []


def test_the_event_tells_what_a_bare_back_off_does_not() -> None:
    web = web_with("ngnix")
    full = "docker.io/library/ngnix:latest"
    told = f'Failed to pull image "ngnix": {NOT_FOUND.format(full=full)}'
    pod = waiting(pod_of(web), "ImagePullBackOff", 'Back-off pulling image "ngnix"')
    other = event("web-1", "Failed", 'Failed to pull image "redis:latest": ' + "x" * 500 + DENIED)
    said = World(web, [pod], events=[event("web-1", "Failed", told), other]).diagnose()
    assert said.reasons == ["ImageNotFound"]
    assert said.results[0].finding.evidence[0].quote == told


def test_the_quote_is_from_the_pod_that_is_named() -> None:
    web = web_with("ngnix")
    quiet = waiting(pod_of(web, 1), "ImagePullBackOff", 'Back-off pulling image "ngnix"')
    telling = not_found(pod_of(web, 2), "docker.io/library/ngnix:latest")
    finding = World(web, [quiet, telling]).diagnose().results[0].finding
    assert finding.message.startswith("2 pods of Deployment shop/web")
    assert finding.object.name == "web-2"
    assert finding.evidence[0].source == "kubectl -n shop describe pod web-2"


def test_a_job_is_explained_and_not_changed() -> None:
    job = web_with("ngnix", "Job")
    said = World(job, [not_found(pod_of(job), "docker.io/library/ngnix:latest")]).diagnose()
    assert said.reasons == ["ImageNotFound"]
    assert said.options == []


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Deployment", "Pod"])
def test_every_other_kind_gets_the_image(kind: str) -> None:
    owner = web_with("ngnix", kind)
    if kind == "StatefulSet":
        owner["spec"]["podManagementPolicy"] = "Parallel"
    said = World(owner, [not_found(pod_of(owner), "docker.io/library/ngnix:latest")]).diagnose()
    assert said.offers[0] == ("Set the image of app to nginx", Risk.MEDIUM)
    assert said.options[0].writes[0].resource == f"{kind.lower()}s"


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("StatefulSet", {}),  # OrderedReady: the update waits for the sick pod to become ready
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}),
        ("Deployment", {"paused": True}),
        ("ReplicaSet", {}),
    ],
)
def test_a_template_change_that_nobody_would_see_is_not_offered(
    kind: str, spec: dict[str, Any]
) -> None:
    """The sick pod stays as it is; the fix would be undone as no help."""
    owner = web_with("ngnix", kind)
    owner["spec"] |= spec
    said = World(owner, [not_found(pod_of(owner), "docker.io/library/ngnix:latest")]).diagnose()
    assert said.reasons == ["ImageNotFound"]
    assert said.options == []


def test_the_image_of_an_init_container_is_set_where_it_stands() -> None:
    web = deployment(initContainers=[container("load", image="busibox")])
    pod = not_found(pod_of(web), "docker.io/library/busibox:latest", name="load")
    said = World(web, [waiting(pod, "PodInitializing")]).diagnose()
    assert said.offers == [("Set the image of load to busybox", Risk.MEDIUM)]
    assert "+      - image: busybox" in said.options[0].diff


def test_two_containers_with_two_faults_are_two_findings_with_one_fix() -> None:
    """Either fix alone would leave the pod waiting, and be undone."""
    web = deployment(containers=[container(image="ngnix"), container("log", image="Fluentd")])
    pod = not_found(pod_of(web), "docker.io/library/ngnix:latest")
    pod = waiting(pod, "InvalidImageName", "invalid reference format", name="log")
    said = World(web, [pod]).diagnose()
    assert said.reasons == ["ImageNotFound", "ImageNameInvalid"]
    assert [title for title, _ in said.offers] == [
        "Set the image of app to nginx and of log to fluentd"
    ]
    assert len(said.options[0].actions) == 2


def test_half_a_fix_is_not_offered() -> None:
    web = deployment(containers=[container(image="ngnix"), container("log", image="acme/fluent")])
    pod = not_found(pod_of(web), "docker.io/library/ngnix:latest")
    pod = waiting(pod, "ErrImagePull", DENIED, name="log")
    said = World(web, [pod]).diagnose()
    assert said.reasons == ["ImageNotFound", "ImageNotFoundOrDenied"]
    assert said.offers == []


def test_an_image_that_only_old_pods_wait_for_gets_no_fix() -> None:
    """The update is on its way: what the old pods asked for is the past."""
    old, web = web_with("ngnix"), web_with("nginx")
    said = World(web, [not_found(pod_of(old), "docker.io/library/ngnix:latest")]).diagnose()
    assert said.reasons == ["ImageNotFound"]
    assert said.offers == []


def test_bare_back_offs_of_two_containers_get_each_its_own_cause() -> None:
    web = deployment(containers=[container(image="ngnix"), container("log", image="acme/fluent")])
    pod = waiting(pod_of(web), "ImagePullBackOff", 'Back-off pulling image "ngnix"')
    pod = waiting(pod, "ImagePullBackOff", 'Back-off pulling image "acme/fluent"', name="log")
    events = [
        event("web-1", "Failed", 'Failed to pull image "ngnix": not found'),
        event("web-1", "Failed", f'Failed to pull image "acme/fluent": {DENIED}'),
    ]
    said = World(web, [pod], events=events).diagnose()
    assert said.reasons == ["ImageNotFound", "ImageNotFoundOrDenied"]


def test_an_image_that_may_never_be_pulled_and_is_not_there() -> None:
    web = web_with("acme/app:v1")
    told = 'Container image "acme/app:v1" is not present with pull policy of Never'
    said = World(web, [waiting(pod_of(web), "ErrImageNeverPull", told)]).diagnose()
    assert said.reasons == ["ImageNotPresent"]
    assert said.options == []


def leaving(pod: Any) -> Any:
    return {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": "2026-11-03T11:59:50Z"}}


def in_phase(pod: Any, phase: str) -> Any:
    return {**pod, "status": {**pod["status"], "phase": phase}}


def with_condition(pod: Any, status: str, reason: str) -> Any:
    condition = {"type": "PodScheduled", "status": status, "reason": reason, "message": "m"}
    return {**pod, "status": {"phase": "Pending", "conditions": [condition]}}


WEB = web_with("ngnix")
POD = pod_of(WEB)


@pytest.mark.parametrize(
    "pod",
    [
        running(POD),
        waiting(POD, "ContainerCreating"),
        waiting(POD, "PodInitializing"),
        waiting(POD, "CrashLoopBackOff", "back-off 10s restarting failed container"),
        leaving(not_found(POD, "docker.io/library/ngnix:latest")),
        leaving(unscheduled(POD)),
        in_phase(not_found(POD, "docker.io/library/ngnix:latest"), "Failed"),
        in_phase(unscheduled(POD), "Succeeded"),
        {**POD, "status": {"phase": "Pending"}},  # the scheduler has not looked at it yet
        with_condition(POD, "False", "SchedulingGated"),
        with_condition(POD, "True", ""),
        {**POD, "status": {}},
    ],
    ids=["running", "creating", "initializing", "crashing", "leaving", "leaving unscheduled",
         "failed", "succeeded", "not yet tried", "gated", "scheduled", "no status"],
)  # fmt: skip
def test_what_only_looks_like_a_fault_gives_nothing(pod: Any) -> None:
    said = World(WEB, [pod]).diagnose()
    assert said.results == []
    assert said.options == []
