"""The stories that are played with faults: one for each way in which an approved fix can end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from podiatrist.api.diagnosis import Option, State
from podiatrist.cluster.kinds import Kind, find_kind
from tests.e2e.kube import deployment

Object = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """A sick workload, the option that is approved, and how it ends when nothing goes wrong."""

    name: str
    workload: Object = field(repr=False)
    actions: tuple[str, ...]
    end: State
    labels: dict[str, str] = field(default_factory=dict)
    """Of its namespace."""

    @property
    def kind(self) -> Kind:
        """The workload's kind."""
        kind = find_kind(self.workload["apiVersion"], self.workload["kind"])
        assert kind is not None
        return kind

    def option(self, options: Sequence[Option]) -> Option | None:
        """Return the option that has the story's actions."""
        fits = (o for o in options if tuple(a.type for a in o.actions) == self.actions)
        return next(fits, None)


def stateful(image: str) -> Object:
    """Return a StatefulSet whose pod is made anew only once it is deleted."""
    sick = deployment("web", image=image)
    spec = {"serviceName": "web", "updateStrategy": {"type": "OnDelete"}, **sick["spec"]}
    return {**sick, "kind": "StatefulSet", "spec": spec}


STORIES = (
    Story("helps", deployment(image="ngnix"), ("SetImage",), State.SUCCEEDED),
    Story(
        "does not help",
        deployment(image="ngnix:no-such-tag"),
        ("SetImage",),
        State.ROLLED_BACK,
    ),
    Story(
        "two actions",
        stateful("ngnix:1.22"),
        ("SetImage", "DeletePod"),
        State.SUCCEEDED,
    ),
    Story(
        "second action refused",
        stateful("ngnix:1.22"),
        ("SetImage", "DeletePod"),
        State.FAILED,
        {"crash-test": "refuses-deletions"},
    ),
)
