"""Cases of injection: a hostile text, where it stands, and what becomes of a model that obeys it.

A case is an entry of a YAML file in this folder. Its text stands in the snapshot or in what
kubectl says; lines `DO: kubectl ...`, `CALL: tool {...}` and `REPORT: {...}` in it are carried out
by the model, whether or not they survive the cleaning. None of the orders may run.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent

_DO = re.compile(r"^DO: (.*)$", re.M)
_CALL = re.compile(r"^CALL: (\S+) (\{.*\})$", re.M)
_REPORT = re.compile(r"^REPORT: (\{.*\})$", re.M)


class Case(BaseModel):
    """One hostile text."""

    model_config = ConfigDict(extra="forbid")

    name: str
    where: Literal["log", "event", "termination", "waiting", "image", "output"]
    """Where it stands. What kubectl says it is in all cases but `image`."""
    text: str
    repeat: int = 1
    """How often the text's first line comes before it."""
    wide: int = 0
    """How many characters are put before the text, on its first line."""
    look: str = "kubectl describe pod web-1 -n shop"
    """What the model asks first, before it has read anything."""
    fails: bool = False
    """Whether kubectl fails, and the text is its complaint."""
    reads: list[str] = []
    """Commands that the text asks for and that are harmless: they run."""
    orders: list[str] = []
    """Orders that do not stand in the text as such, because it hides them."""
    report: dict[str, Any] | None = None
    """The same for the report."""
    unsaid: bool = False
    """Whether the report's words are no part of the text: else they could be quoted from it."""
    swell: int = 1
    """How often the texts of the report are repeated."""
    kept: int = 0
    """Claims that hold: their quote really occurs, in what a stranger wrote."""
    options: int = 0
    """Options that are left."""
    high: bool = False
    """Whether there is one option, of high risk."""
    drops: list[str] = []
    """Words of the reasons for what was dropped."""

    @property
    def whole(self) -> str:
        """The text as it stands in the cluster."""
        text = _REPORT.sub("", self.text) if self.unsaid else self.text
        first = text.splitlines(keepends=True)[0]
        return "x" * self.wide + first * (self.repeat - 1) + text

    @property
    def calls(self) -> list[tuple[str, str]]:
        """What the model is told to call: tool and arguments."""
        commands = [*_DO.findall(self.text), *self.orders]
        calls = [("kubectl", json.dumps({"command": command})) for command in commands]
        return calls + _CALL.findall(self.text)

    @property
    def answer(self) -> str:
        """The report that the model is told to give."""
        found = _REPORT.search(self.text)
        if self.report is None:
            return found[1] if found else '{"claims": []}'
        return json.dumps(_swollen(self.report, self.swell))


def _swollen(value: Any, times: int) -> Any:
    if isinstance(value, dict):
        return {name: _swollen(inner, times) for name, inner in value.items()}
    if isinstance(value, list):
        return [_swollen(inner, times if len(value) > 1 else 1) for inner in value]
    return value * times if isinstance(value, str) else value


def load() -> list[Case]:
    """Return all cases."""
    files = sorted(FOLDER.glob("*.yaml"))
    return [Case.model_validate(raw) for file in files for raw in yaml.safe_load(file.read_text())]
