"""What every action is: an object to change, a pure change, its risk and its kubectl rendering."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import Kind, find_kind

Object = dict[str, Any]


class ActionError(Exception):
    """The action does not fit the object as it is; `str()` says why."""


class Action(BaseModel, ABC):
    """One typed change to one object.

    A subclass adds its own fields and stands in `catalog.ACTIONS`. Actions come out of a stored
    status or, later, from a model: unknown fields are refused.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    risk: ClassVar[Risk]
    """What the change may cost if it is wrong."""
    kinds: ClassVar[tuple[Kind, ...]]
    """The kinds that the action may change."""
    verb: ClassVar[Literal["patch", "delete"]] = "patch"
    """What is asked of the API server. A deletion has no inverse."""

    object: ObjectRef

    @property
    def kind(self) -> Kind:
        """The kind of the object to change. Raises ActionError where it may not be changed so."""
        found = find_kind(self.object.api_version, self.object.kind)
        if found is None or found not in self.kinds:
            raise ActionError(f"{type(self).__name__} cannot change a {self.object.kind}")
        return found

    def reads(self) -> list[ObjectRef]:
        """Return the other objects whose content the change depends on."""
        return []

    @abstractmethod
    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Return the object as it shall be; `raw` is a copy of ours to change.

        Raises ActionError where the change does not fit the object.
        """

    @abstractmethod
    def command(self) -> str:
        """Return what a human would type for the same change. It is shown, never run."""

    @property
    def kubectl(self) -> str:
        """The start of every command: `kubectl -n shop`."""
        return f"kubectl -n {self.object.namespace}" if self.object.namespace else "kubectl"

    @property
    def resource_name(self) -> str:
        """The object as kubectl takes it: `deployment/web`."""
        return f"{self.object.kind.lower()}/{self.object.name}"

    def edit(self, what: str) -> str:
        """Return the `kubectl edit` line for a change without a command of its own.

        The remark stays on its line: what is pasted into a shell must not hold a second command.
        """
        return f"{self.kubectl} edit {self.resource_name}  # {' '.join(what.split())}"
