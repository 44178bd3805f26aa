"""Refuses what was asked before: weak models repeat a call for ever, or swing between two."""

import re
from typing import Any

from pydantic import BaseModel

from podiatrist.agent.tool import RepeatedCallError

REPEATED = "you asked exactly this before"

_NAMED = 5
"""Calls that a refusal names; and the most characters of each."""
_SHOWN = 80


class Repetition:
    """Remembers the calls of one run. A second time the answer would be the same."""

    def __init__(self) -> None:
        self._asked: dict[str, str] = {}

    def check(self, tool: str, arguments: BaseModel) -> None:
        """Raise RepeatedCallError where this very call was made before in this run."""
        values = arguments.model_dump(mode="json")
        key = f"{tool} {_plain(values, tool)}"
        if key in self._asked:
            before = "; ".join(list(self._asked.values())[-_NAMED:])
            raise RepeatedCallError(
                f"{REPEATED}, and its answer stands above. Asked so far: "
                f"{before}. Look at something else, or answer with what you know"
            )
        said = " ".join(str(v) for v in values.values() if v) or tool
        self._asked[key] = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."

    def forget(self) -> None:
        """Let everything be asked again: something was changed."""
        self._asked.clear()


def _plain(value: Any, tool: str) -> Any:
    """Return arguments without what makes no difference: blanks, and the tool's own name."""
    if isinstance(value, dict):
        return {name: _plain(v, tool) for name, v in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(v, tool) for v in value]
    if isinstance(value, str):
        return re.sub(r"\s+", " ", value.strip()).removeprefix(f"{tool} ")
    return value
