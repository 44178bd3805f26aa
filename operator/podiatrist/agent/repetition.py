"""Refuses what was asked before: weak models repeat a call for ever, or swing between two."""

from pydantic import BaseModel

from podiatrist.agent.tool import ToolError


class Repetition:
    """Remembers the calls of one run. A second time the answer would be the same."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], int] = {}

    def check(self, tool: str, arguments: BaseModel) -> None:
        """Raise ToolError where this very call was made before in this run."""
        key = (tool, arguments.model_dump_json())
        if key in self._seen:
            self._seen[key] += 1
            raise ToolError(
                f"you asked exactly this before and its answer stands above. Look at something "
                f"else, or answer with what you know (call {len(self._seen)} is the last new one)"
            )
        self._seen[key] = 1
