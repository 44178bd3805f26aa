"""Set what one container runs: command and arguments."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from podiatrist.actions.base import Action, Object
from podiatrist.actions.template import container, pod_spec
from podiatrist.api.diagnosis import ObjectRef, Risk
from podiatrist.cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, REPLICA_SET, STATEFUL_SET
from podiatrist.cluster.snapshot import compact


class SetCommand(Action):
    """Set `command` and `args` of one container; an empty list leaves that one to the image.

    Both are always given: what the container runs is one thing, and half of it is another.
    """

    risk = Risk.MEDIUM
    kinds = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET, CRON_JOB)

    type: Literal["SetCommand"] = "SetCommand"
    container: str
    run: list[str] = Field(default=[], max_length=64)
    args: list[str] = Field(default=[], max_length=64)

    @model_validator(mode="after")
    def _short(self) -> Self:
        if sum(len(word) for word in (*self.run, *self.args)) > 8192:
            raise ValueError("command and args are longer than 8192 characters")
        return self

    def apply(self, raw: Object, others: Mapping[ObjectRef, Object]) -> Object:
        """Change the two fields."""
        found = container(pod_spec(self.kind, raw), self.container)
        for field, words in (("command", self.run), ("args", self.args)):
            if words:
                found[field] = list(words)
            else:
                found.pop(field, None)
        return raw

    def command(self) -> str:
        """Return an edit: kubectl has no command for it."""
        return self.edit(
            f"container {self.container}: command {compact(self.run)}, args {compact(self.args)}"
        )
