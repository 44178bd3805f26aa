"""An attack as data: who tries what, which layer must refuse it, and in which words."""

from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).parent


class Attack(BaseModel):
    """One request that must be refused.

    In every text, `$digest`, `$diagnosis` and so on stand for what the scene has prepared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    who: str
    kubectl: str = ""
    """kubectl's arguments; with `object` or `status` the name of a Diagnosis of the scene."""
    args: list[str] = Field(default_factory=list)
    """More arguments, whole: for what a shell would split."""
    stdin: Any = None
    """What is sent with `-f -`."""
    object: list[dict[str, Any]] | None = None
    """A JSON patch of the stored Diagnosis, which is then sent with `kubectl replace`."""
    status: list[dict[str, Any]] | None = None
    """The same, sent to the status subresource."""
    editor: str | None = None
    """For `kubectl edit`: the command that changes the file."""
    layer: str
    """schema | rbac | policy:NAME"""
    says: str
    """Words that the message must hold."""


def load(file: str) -> list[Attack]:
    """Return the attacks of a table."""
    return [Attack.model_validate(raw) for raw in yaml.safe_load((HERE / file).read_text())]


def filled(value: Any, words: dict[str, str]) -> Any:
    """Return a value of the table with everything that stands for something else put in."""
    match value:
        case str():
            return Template(value).substitute(words)
        case list():
            return [filled(part, words) for part in value]
        case dict():
            return {filled(k, words): filled(v, words) for k, v in value.items()}
    return value


MARKS = {
    "rbac": ("Forbidden", "forbidden: User"),
    "schema": ("is invalid", "error validating"),
}


def refused_by(layer: str, message: str) -> bool:
    """Say whether kubectl's message is a refusal by that layer."""
    kind, _, policy = layer.partition(":")
    if kind == "policy":
        return f"ValidatingAdmissionPolicy '{policy}' with binding" in message
    return any(mark in message for mark in MARKS[kind])
