"""The cases of the eval, and what an answer must say to have named the cause."""

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests.faults_runner.load import FAULTS, Fault, load

CASES = Path(__file__).with_name("cases.yaml")


class EvalCase(BaseModel):
    """A fault of `tests/faults`, and the key words of its cause."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: str
    """The folder under `tests/faults`."""
    words: list[list[str]] = Field(min_length=1)
    """Of each list at least one must occur as a whole word or phrase, in any case."""

    def names_cause(self, answer: str) -> bool:
        """Return whether an answer names the cause."""
        plain = " ".join(answer.lower().split())
        return all(any(_occurs(word, plain) for word in any_of) for any_of in self.words)

    def load(self, namespace: str = "a-namespace", node: str = "a-node") -> Fault:
        """Return the fault with its placeholders filled in."""
        return load(FAULTS / self.fault, namespace, node)

    @property
    def target(self) -> str:
        """Whom to ask about, as `Kind/name`."""
        return self.load().case.expect[0].target


def load_cases(chosen: list[str] | None = None, path: Path = CASES) -> list[EvalCase]:
    """Return all cases, or the chosen ones. Raises ValueError for a name that is none."""
    told = yaml.safe_load(path.read_text())
    cases = [EvalCase.model_validate(one) for one in told["cases"]]
    names = [case.fault for case in cases]
    for name in chosen or []:
        if name not in names:
            raise ValueError(f"no case {name!r}; the cases are: {', '.join(names)}")
    return [case for case in cases if not chosen or case.fault in chosen]


def _occurs(word: str, text: str) -> bool:
    # Whole words: "500" must not be found in "500m", nor "port 80" in "port 8080".
    return re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", text) is not None
