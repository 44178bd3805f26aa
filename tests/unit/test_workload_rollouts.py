"""Updates that stand still: what the rules say about recorded clusters and built ones."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.revision_diff import MOST_LINES, what_changed
from podiatrist.analyzers.common.revisions import older_revisions, propose_rollback
from podiatrist.analyzers.workloads import rollouts, unexplained
from podiatrist.api.diagnosis import Risk
from podiatrist.api.text import clean
from podiatrist.cluster.kinds import REPLICA_SET
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.propose import offer_options
from tests.harness.recording import load, texts
from tests.unit.builders import (
    NOW,
    World,
    container,
    copy_of,
    deployment,
    node,
    pod_of,
    revision,
    running,
    unscheduled,
    waiting,
    workload,
)

RECORDINGS = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Story:
    """One recording, and what must be said about it first. An empty reason: nothing."""

    file: str
    reason: str = ""
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = field(default_factory=tuple)


STORIES = [
    Story(
        "nowhere",
        "NodeLabelMismatch",
        ("runs nowhere", "disktype=ssd"),
        ("Label node node1 with disktype=ssd", "No longer require the node label disktype"),
    ),
    Story("on-delete", "UpdateWaitsForDelete", ("ond-29qb2", "OnDelete"), ("Delete ond-29qb2",)),
    Story(
        "partition",
        "UpdateHeldByPartition",
        ("partition 2", "none of the 2 pods"),
        ("Let the update reach all pods",),
    ),
    Story(
        "paused",
        "RolloutPaused",
        ("image of app: nginx:1.22 -> nginx:latest", "rollout resume deployment/paused"),
        ("Resume the rollout",),
    ),
    Story(
        "regression",
        "RegressionInRevision",
        ("revision 2", "1 pod of revision 1 still is ready", "env PORT of app added"),
        ("Roll back to revision 1",),
    ),
    Story(
        "stateful-stuck",
        "StatefulSetStuck",
        ("db-0, db-1", "waits for the very pod"),
        ("Delete db-0, db-1",),
    ),
    Story(
        "surge",
        "NoRoomToSurge",
        ("maxUnavailable 25% of 1 is 0", "1 old pod"),
        ("Replace pods one by one instead of starting new ones beside them",),
    ),
    Story("halfway"),
    Story("paused-idle"),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.file)
def test_recorded_rollouts(story: Story) -> None:
    snapshot = load(RECORDINGS / f"rollouts-{story.file}.json")
    results = analyze(snapshot)
    ours = [r for r in results if r.finding.analyzer == "rollouts"]
    assert [r.finding.reason for r in ours] == ([story.reason] if story.reason else [])
    if not story.reason:
        assert results == []
        return
    assert results[0] is ours[0], "the rule's finding is the one that is told first"
    message = ours[0].finding.message
    assert all(word in message for word in story.words), message
    seen = [clean(text) for text in texts(snapshot)]
    assert ours[0].finding.evidence
    for evidence in ours[0].finding.evidence:
        assert any(evidence.quote in text for text in seen), evidence.quote
    titles = [o.title for o in offer_options(snapshot, ours, 60)]
    assert titles == list(story.options)


def observed(target: Object, **status: Any) -> Object:
    """Return the target as its controller has seen it."""
    target["status"] = {"observedGeneration": 1, **status}
    return target


def edited(target: Object, at: str) -> Object:
    target["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "time": at}]
    return target


class TestPaused:
    """A pause is a fault only where it holds something back, and for long."""

    def paused(self, *, at: str = "2026-11-03T11:50:00Z", image: str = "nginx:1.28") -> World:
        web = observed(edited(deployment(containers=[container(image=image)]), at))
        web["spec"]["paused"] = True
        return World(
            web,
            pods=[running(pod_of(web))],
            revisions=[revision(web, 1, ready=1, image="nginx:1.27")],
        )

    def test_a_change_that_no_pod_has(self) -> None:
        said = self.paused().diagnose()
        assert said.reasons == ["RolloutPaused"]
        assert "image of app: nginx:1.27 -> nginx:1.28" in said.messages[0]
        assert [title for title, _ in said.offers] == ["Resume the rollout"]

    def test_changes_are_still_being_gathered(self) -> None:
        assert self.paused(at="2026-11-03T11:59:45Z").diagnose().reasons == []

    def test_nothing_to_hold_back(self) -> None:
        assert self.paused(image="nginx:1.27").diagnose().reasons == []

    def test_a_manifest_that_is_scaled_to_zero(self) -> None:
        world = self.paused()
        world.target["spec"]["replicas"] = 0
        assert world.diagnose().reasons == []

    def test_a_change_that_the_controller_has_not_seen(self) -> None:
        world = self.paused()
        world.target["metadata"]["generation"] = 2
        assert world.diagnose().reasons == []

    @pytest.mark.parametrize(("at", "reasons"), [("11:55", []), ("11:40", ["RolloutPaused"])])
    def test_a_canary_is_looked_at_for_ten_minutes(self, at: str, reasons: list[str]) -> None:
        web = observed(edited(deployment(replicas=2), f"2026-11-03T{at}:00Z"))
        web["spec"]["paused"] = True
        revisions = [revision(web, 2, ready=1), revision(web, 1, ready=2, image="nginx:1.26")]
        pods = [running(pod_of(web, number)) for number in (1, 2, 3)]
        assert World(web, pods=pods, revisions=revisions).diagnose().reasons == reasons


class TestSurge:
    """The new pod waits for the old one's place, and the old one for the new one."""

    def full(self, strategy: Object | None = None, cpu: str = "3") -> World:
        web = observed(deployment(containers=[container(cpu="3", image="nginx:1.28")]))
        web["spec"]["strategy"] = strategy or {}
        old = revision(web, 1, ready=1, image="nginx:1.27", resources={"requests": {"cpu": cpu}})
        standing = running(pod_of(web, 1))
        standing["metadata"]["ownerReferences"] = [
            {"kind": "ReplicaSet", "name": "web-h1", "uid": "uid-h1", "controller": True}
        ]
        old["metadata"]["uid"] = "uid-h1"
        return World(
            web,
            pods=[
                standing,
                unscheduled(pod_of(web, 2), "0/1 nodes are available: 1 Insufficient cpu."),
            ],
            nodes=[node(cpu="4")],
            revisions=[revision(web, 2), old],
        )

    def test_no_room_beside_the_old_pod(self) -> None:
        said = self.full().diagnose()
        assert said.reasons[0] == "NoRoomToSurge"
        assert said.offers[0][0].startswith("Replace pods one by one")

    @pytest.mark.parametrize(
        "strategy",
        [
            {"type": "Recreate"},
            {"rollingUpdate": {"maxUnavailable": 1}},
            {"rollingUpdate": {"maxUnavailable": "100%"}},
        ],
    )
    def test_an_old_pod_may_go_first(self, strategy: Object) -> None:
        assert "NoRoomToSurge" not in self.full(strategy).diagnose().reasons

    def test_a_pod_that_has_grown_does_not_fit_in_the_old_ones_place(self) -> None:
        assert "NoRoomToSurge" not in self.full(cpu="1").diagnose().reasons

    def test_a_pod_that_waits_for_a_moment(self) -> None:
        world = self.full()
        condition = world.pods[1]["status"]["conditions"][0]
        condition["lastTransitionTime"] = "2026-11-03T11:59:50Z"
        assert "NoRoomToSurge" not in world.diagnose().reasons


class TestStatefulSets:
    """Updates in order, which stop at the first pod that is not ready."""

    def stuck(self, *, born: str = "2026-11-03T11:50:00Z", **strategy: Any) -> World:
        db = observed(
            edited(workload("StatefulSet", "db", replicas=2), "2026-11-03T11:50:00Z"),
            currentRevision="db-a", updateRevision="db-b",
        )  # fmt: skip
        db["spec"]["updateStrategy"] = strategy
        sick = waiting(pod_of(db, 0), "ImagePullBackOff", "Back-off pulling image")
        well = running(pod_of(db, 1))
        for number, pod in enumerate((sick, well)):
            pod["metadata"]["labels"]["controller-revision-hash"] = "db-a"
            pod["metadata"] |= {
                "name": f"db-{number}",
                "creationTimestamp": born,
                "ownerReferences": [
                    {"kind": "StatefulSet", "name": "db", "uid": "uid-db", "controller": True}
                ],
            }
        return World(db, pods=[sick, well])

    def test_the_update_waits_for_the_pod_that_it_would_mend(self) -> None:
        said = self.stuck().diagnose()
        assert said.reasons[0] == "StatefulSetStuck"
        assert "Delete db-0" in said.messages[0]
        assert "db-1" not in said.messages[0]
        assert [title for title, _ in said.offers][:1] == ["Delete db-0"]

    def test_parallel_updates_wait_for_nobody(self) -> None:
        world = self.stuck()
        world.target["spec"]["podManagementPolicy"] = "Parallel"
        assert rollouts.analyze(world.snapshot()) == []

    def test_a_pod_that_has_only_just_begun(self) -> None:
        assert rollouts.analyze(self.stuck(born="2026-11-03T11:59:45Z").snapshot()) == []

    def test_a_pod_of_the_new_revision_is_for_other_rules(self) -> None:
        world = self.stuck()
        world.pods[0]["metadata"]["labels"]["controller-revision-hash"] = "db-b"
        assert rollouts.analyze(world.snapshot()) == []

    def test_nothing_to_update(self) -> None:
        world = self.stuck()
        world.target["status"]["updateRevision"] = "db-a"
        assert rollouts.analyze(world.snapshot()) == []

    def test_on_delete(self) -> None:
        assert self.stuck(type="OnDelete").diagnose().reasons[0] == "UpdateWaitsForDelete"

    def test_on_delete_with_pods_that_are_well(self) -> None:
        world = self.stuck(type="OnDelete")
        world.pods[0] = {**running(world.pods[0])}
        assert world.diagnose().reasons == []

    def test_a_sick_pod_below_the_partition(self) -> None:
        said = self.stuck(rollingUpdate={"partition": 1}).diagnose()
        assert said.reasons[0] == "UpdateHeldByPartition"
        assert "db-0, which is not ready, is not reached" in said.messages[0]
        assert [type(a).__name__ for a in said.results[0].proposals[0].actions] == [
            "SetStrategy",
            "DeletePod",
        ]

    def test_a_canary_by_partition(self) -> None:
        world = self.stuck(rollingUpdate={"partition": 1})
        world.pods[0] = {**running(world.pods[0])}
        assert world.diagnose().reasons == []

    def test_a_partition_that_was_set_a_moment_ago(self) -> None:
        world = self.stuck(rollingUpdate={"partition": 2})
        world.pods[0] = {**running(world.pods[0])}
        assert world.diagnose().reasons == ["UpdateHeldByPartition"]
        edited(world.target, "2026-11-03T11:59:50Z")
        assert world.diagnose().reasons == []


class TestDaemonSets:
    """A DaemonSet without a node has no pod that would complain."""

    def agent(self, desired: int = 0, **status: Any) -> Object:
        made = workload("DaemonSet", "agent", nodeSelector={"kubernetes.io/os": "linuxx"})
        made["metadata"]["creationTimestamp"] = "2026-11-03T11:00:00Z"
        return observed(made, desiredNumberScheduled=desired, **status)

    def test_a_label_with_a_slip(self) -> None:
        world = World(self.agent(), nodes=[node(labels={"kubernetes.io/os": "linux"})])
        said = world.diagnose()
        assert said.reasons == ["NodeLabelMismatch"]
        assert "kubernetes.io/os=linux is there and close to it" in said.messages[0]

    def test_hardware_that_may_come_later(self) -> None:
        agent = self.agent()
        agent["spec"]["template"]["spec"]["nodeSelector"] = {"nvidia.com/gpu.present": "true"}
        assert (
            World(agent, nodes=[node(labels={"kubernetes.io/os": "linux"})]).diagnose().reasons
            == []
        )

    def test_a_cluster_without_nodes(self) -> None:
        assert World(self.agent()).diagnose().reasons == []

    def test_a_daemon_set_of_a_moment_ago(self) -> None:
        agent = self.agent()
        agent["metadata"]["creationTimestamp"] = "2026-11-03T11:59:50Z"
        nodes = [node(labels={"kubernetes.io/os": "linux"})]
        assert World(agent, nodes=nodes).diagnose().reasons == []

    def test_a_taint_that_no_pod_tolerates(self) -> None:
        agent = self.agent()
        del agent["spec"]["template"]["spec"]["nodeSelector"]
        said = World(agent, nodes=[node(taints=["team=db:NoSchedule"])]).diagnose()
        assert said.reasons == ["UntoleratedTaint"]
        assert "runs nowhere" in said.messages[0]
        assert "team=db:NoSchedule" in said.messages[0]

    def test_pods_where_none_may_be_any_more(self) -> None:
        agent = self.agent(0, numberMisscheduled=1)
        del agent["spec"]["template"]["spec"]["nodeSelector"]
        world = World(
            agent, pods=[running(pod_of(agent))], nodes=[node(taints=["team=db:NoSchedule"])]
        )
        said = world.diagnose()
        assert said.reasons == ["UntoleratedTaint"]
        assert "is misplaced: pods run on n1" in said.messages[0]


class TestUnexplained:
    """Where no rule knows why, the revision that brought it is all that there is."""

    def stalled(self, *, ready: int = 1, **new: Any) -> World:
        web = observed(deployment(replicas=2, containers=[container() | new]))
        web["status"]["conditions"] = [
            {
                "type": "Progressing",
                "status": "False",
                "reason": "ProgressDeadlineExceeded",
                "message": 'ReplicaSet "web-h2" has timed out progressing.',
            }
        ]
        late = {**pod_of(web), "status": {"phase": "Running"}}
        old = revision(web, 1, ready=ready, image="nginx:1.26")
        return World(web, pods=[late], revisions=[revision(web, 2), old])

    def test_the_revision_and_what_it_changed(self) -> None:
        said = self.stalled().diagnose()
        assert said.reasons == ["RegressionInRevision"]
        assert "It changed: image of app: nginx:1.26 -> nginx:1.27" in said.messages[0]
        assert said.offers == [("Roll back to revision 1", Risk.LOW)]

    def test_nobody_knows_of_a_better_revision(self) -> None:
        said = self.stalled(ready=0).diagnose()
        assert said.reasons == ["NotProgressing"]
        assert said.offers == []

    def test_a_rollout_within_its_deadline(self) -> None:
        world = self.stalled()
        world.target["status"]["conditions"] = []
        assert world.diagnose().reasons == []

    @pytest.mark.parametrize(("age", "reasons"), [(5, []), (15, ["NotProgressing"])])
    def test_kinds_without_a_deadline_get_ten_minutes(self, age: int, reasons: list[str]) -> None:
        db = observed(workload("StatefulSet", "db"))
        late = {**pod_of(db), "status": {"phase": "Running"}}
        late["metadata"]["creationTimestamp"] = (NOW - timedelta(minutes=age)).isoformat()
        found = unexplained.analyze(World(db, pods=[late]).snapshot())
        assert [r.finding.reason for r in found] == reasons


class TestRevisions:
    """What changed since a revision, and whether it is a way back."""

    def since(self, new: Object, old: Object, **spec: Any) -> list[str]:
        web = deployment(containers=[container() | new], **spec)
        older = revision(web, 1)
        older["spec"]["template"]["spec"] = {"containers": [container() | old]}
        snapshot = World(web, revisions=[revision(web, 2), older]).snapshot()
        return what_changed(snapshot, snapshot.revisions[1])

    def test_lines_name_the_field_and_both_sides(self) -> None:
        lines = self.since(
            {"image": "nginx:1.28", "resources": {"limits": {"memory": "1Gi"}}},
            {"resources": {"limits": {"memory": "2Gi"}}},
            serviceAccountName="api",
            serviceAccount="api",
        )
        assert lines[0] == "image of app: nginx:1.27 -> nginx:1.28"
        assert any("memory" in line and "2Gi" in line and "1Gi" in line for line in lines)
        assert [line for line in lines if "api" in line] == ["serviceAccountName: (none) -> api"]

    def test_values_of_telling_names_stay_where_they_are(self) -> None:
        lines = self.since(
            {"env": [{"name": "DB_PASSWORD", "value": "hunter22"}, {"name": "MODE", "value": "b"}]},
            {"env": [{"name": "DB_PASSWORD", "value": "hunter11"}, {"name": "MODE", "value": "a"}]},
        )
        assert lines == ["env DB_PASSWORD of app changed", "env MODE of app: a -> b"]

    def test_what_comes_and_goes(self) -> None:
        lines = self.since(
            {"env": [{"name": "NEW", "value": "1"}]}, {"env": [{"name": "OLD", "value": "1"}]}
        )
        assert sorted(lines) == ["env NEW of app added", "env OLD of app removed"]

    def test_there_are_never_too_many_lines(self) -> None:
        lines = self.since({"env": [{"name": f"N{i}", "value": "1"} for i in range(50)]}, {})
        assert len(lines) == MOST_LINES
        assert lines[-1] == "and 43 more"

    def test_no_change_is_no_line(self) -> None:
        assert self.since({}, {}) == []

    def test_a_strangers_replica_set_is_no_way_back(self) -> None:
        web = deployment()
        strange = revision(web, 1, ready=1, image="miner:1")
        strange["metadata"]["ownerReferences"][0]["uid"] = "uid-other"
        snapshot = World(web, revisions=[revision(web, 2), strange]).snapshot()
        assert older_revisions(snapshot) == []
        assert propose_rollback(snapshot) == []

    def test_a_revision_that_is_sick_as_well_is_no_way_back(self) -> None:
        web = deployment()
        sick = revision(web, 2, image="nginx:1.26")
        sick["status"] = {"replicas": 1, "readyReplicas": 0}
        older = [sick, revision(web, 1, image="nginx:1.25")]
        snapshot = World(web, revisions=[revision(web, 3), *older]).snapshot()
        assert [p.title for p in propose_rollback(snapshot)] == ["Roll back to revision 1"]
        assert propose_rollback(snapshot)[0].risk is Risk.MEDIUM


NONSENSE = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.integers(-5, 10**12),
    st.lists(st.text(max_size=5), max_size=2),
    st.dictionaries(st.sampled_from(["partition", "maxUnavailable", "x"]), st.text(max_size=5)),
)


@given(
    st.sampled_from([s.file for s in STORIES]),
    st.sampled_from(["updateStrategy", "strategy", "paused", "template", "replicas", "selector"]),
    NONSENSE,
)
@settings(max_examples=60, deadline=None)
def test_no_value_of_a_field_breaks_a_rule(file: str, name: str, value: Any) -> None:
    snapshot = load(RECORDINGS / f"rollouts-{file}.json")
    raw = copy_of(snapshot.target_raw)
    raw["spec"][name] = value
    _ask(_with_target(snapshot, raw))


@given(st.sampled_from([s.file for s in STORIES]), st.data())
@settings(max_examples=40, deadline=None)
def test_what_is_missing_breaks_no_rule(file: str, data: st.DataObject) -> None:
    snapshot = load(RECORDINGS / f"rollouts-{file}.json")
    raw = copy_of(snapshot.target_raw)
    for part in ("spec", "status", "metadata"):
        keys = sorted(set(raw[part]) - {"name", "namespace", "uid"})
        for key in data.draw(st.sets(st.sampled_from(keys))):
            del raw[part][key]
    _ask(_with_target(snapshot, raw))


def test_hostile_texts_are_survived() -> None:
    for text in ("\x00\ud800", "x" * 2_000_000):
        web = observed(deployment(replicas=2, containers=[container(image=text)]))
        web["spec"]["paused"] = True
        old = revision(web, 1, ready=1, image="nginx", env=[{"name": text, "value": text}])
        _ask(World(web, revisions=[old]).snapshot())
        web["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": text}}
        web["spec"]["paused"] = False
        _ask(World(web, revisions=[revision(web, 2), old]).snapshot())


def _ask(snapshot: Snapshot) -> None:
    for rule in (rollouts.analyze, unexplained.analyze):
        offer_options(snapshot, rule(snapshot), 60)
    for old in snapshot.revisions if snapshot.was_read(REPLICA_SET) else ():
        assert len(what_changed(snapshot, old)) <= MOST_LINES


def _with_target(snapshot: Snapshot, raw: Object) -> Snapshot:
    return Snapshot.of(
        snapshot.kind,
        raw,
        snapshot.taken_at,
        dict(snapshot.around),
        [],
        [],
        dict(snapshot.names),
        [],
    )
