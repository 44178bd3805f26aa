"""Workloads with owned, ready pods, and what a change of them would do: for stories of previews.

web = Scene(workload("Deployment", replicas=4), ready=4)
assert web.changed(image="nginx:2").restarts == 4
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from podiatrist.actions.compiler import Plan
from podiatrist.actions.patches import deletion_of
from podiatrist.api.diagnosis import AppliedPatch, BlastRadius, ObjectRef
from podiatrist.cluster.kinds import Kind
from podiatrist.cluster.snapshot import Object, Snapshot
from podiatrist.lifecycle.options.consequences.blast_radius import blast_radius
from podiatrist.lifecycle.options.consequences.new_pods import Obstacle, obstacles
from podiatrist.lifecycle.options.consequences.turnover import Turnover, turnover
from tests.unit.builders import World, copy_of, pod_of, revision, running

Change = Callable[[Object], None]


def image(name: str) -> Change:
    """Return the change of the first container's image."""

    def change(raw: Object) -> None:
        raw["spec"]["template"]["spec"]["containers"][0]["image"] = name

    return change


def replicas(count: int) -> Change:
    """Return the change of the number of replicas."""

    def change(raw: Object) -> None:
        raw["spec"]["replicas"] = count

    return change


def owned(pod: Object, owner_uid: str, kind: str, **labels: str) -> Object:
    """Return a pod with a controller and further labels."""
    owner = {"kind": kind, "name": owner_uid, "uid": owner_uid, "controller": True}
    metadata = pod["metadata"] | {"ownerReferences": [owner]}
    metadata["labels"] = {**metadata.get("labels", {}), **labels}
    return {**pod, "metadata": metadata}


@dataclass
class Scene:
    """A workload with so many pods that are ready, and so many that are not."""

    target: Object
    ready: int = 0
    sick: int = 0
    around: dict[Kind, list[Object]] = field(default_factory=dict)
    nodes: list[Object] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)
    names: dict[Kind, frozenset[str]] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    revisions: list[Object] = field(default_factory=list)

    def __post_init__(self) -> None:
        kind = self.target["kind"]
        if kind == "Deployment" and not self.revisions:
            now = revision(self.target, 1, ready=self.ready)
            now["metadata"]["uid"] = "uid-h1"
            self.revisions = [now]
        owner = "uid-h1" if kind == "Deployment" else self.target["metadata"]["uid"]
        for number in range(self.ready + self.sick):
            pod = pod_of(self.target, number)
            pod = running(pod) if number < self.ready else pod
            self.pods.append(owned(pod, owner, kind))

    def snapshot(self) -> Snapshot:
        """Return the scene as it is."""
        world = World(
            self.target, pods=self.pods, nodes=self.nodes, others=self.others,
            revisions=self.revisions, around=self.around, names=self.names,
        )  # fmt: skip
        return world.snapshot()

    def _after(self, changes: tuple[Change, ...]) -> dict[ObjectRef, Object]:
        raw = copy_of(self.target)
        for change in changes:
            change(raw)
        return {self.snapshot().target: raw} if changes else {}

    def changed(self, *changes: Change, deleted: tuple[str, ...] = (), **also: Any) -> BlastRadius:
        """Return what a change of the target and deletions of pods would do."""
        after = {**self._after(changes), **also.get("after", {})}
        return blast_radius(self.snapshot(), deleting(*deleted), after)

    def turnover(self, *changes: Change, deleted: tuple[str, ...] = ()) -> Turnover:
        """Return what becomes of the pods."""
        return turnover(self.snapshot(), deleting(*deleted), self._after(changes))

    def in_the_way(
        self, *changes: Change, said: tuple[str, ...] = (), labels: dict[str, str] | None = None
    ) -> list[Obstacle]:
        """Return what would keep the new pods from being made."""
        after = self._after(changes)
        gone = turnover(self.snapshot(), deleting(), after)
        return obstacles(self.snapshot(), after, gone, said, labels or {})


def deleting(*names: str) -> Plan:
    """Return a plan with these deletions of pods."""
    refs = [ObjectRef(api_version="v1", kind="Pod", namespace="shop", name=n) for n in names]
    patches = [AppliedPatch(object=r, patch=deletion_of("u"), verb="delete") for r in refs]
    return Plan(digest="", patches=patches, inverse=[], writes=[], commands=[])
