"""What a tool is: a name, a sentence for the model, typed arguments, and a function."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from podiatrist.agent.messages import Call


class Arguments(BaseModel):
    """Base of the arguments of a tool; the fields' descriptions are shown to the model."""

    model_config = ConfigDict(extra="forbid")


REFUSED = "refused: "
"""How the answer to a call begins that was not carried out."""


class ToolError(Exception):
    """The tool will not do that; `str()` tells the model why and what to do instead."""


class RepeatedCallError(ToolError):
    """Exactly this was asked before in this run."""


@dataclass(frozen=True)
class Tool:
    """One thing that the model may ask for."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any], Awaitable[str]]
    """Takes the arguments, returns what was seen. Raises ToolError, or what shall end the run."""
    repeatable: bool = False
    """Whether the same call may be made twice: its answer changes, or it is the end anyway."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return self.arguments.model_json_schema()

    def parse(self, call: Call) -> BaseModel:
        """Return a call's arguments as their type. Raises ToolError with a hint."""
        try:
            return self.arguments.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            fields = json.dumps(list(self.schema.get("properties", {})))
            raise ToolError(
                f"wrong arguments for {self.name}: {where + ': ' if where else ''}{first['msg']}; "
                f"its fields are {fields}"
            ) from None
