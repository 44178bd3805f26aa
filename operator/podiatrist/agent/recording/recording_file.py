"""The file of a recording: one JSON line for each exchange with a model or a tool.

Each text is written out once, where it first occurs; later exchanges name it by its hash.
Prompts and observations come here redacted, as they go to the model: nothing is redacted here.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podiatrist.agent.messages import Message
from podiatrist.agent.tool import Tool

VERSION = 1

Part = dict[str, Any]
"""A message or a tool as JSON values."""


class RecordingError(Exception):
    """A recording cannot be written, read or followed; `str()` says what to do."""


@dataclass(frozen=True)
class Prompt:
    """Everything that a request to a model depends on."""

    messages: tuple[Part, ...]
    tools: tuple[Part, ...]
    must_call: bool = False
    max_tokens: int = 0

    @classmethod
    def of(
        cls, messages: Sequence[Message], tools: Sequence[Tool], must_call: bool, max_tokens: int
    ) -> "Prompt":
        """Return a request as the model got it."""
        return cls(
            tuple(map(message_part, messages)), tuple(map(_tool_part, tools)), must_call, max_tokens
        )


@dataclass(frozen=True)
class ModelExchange:
    """A request to the model, and its answer or its failure."""

    prompt: Prompt
    answer: Part
    """A reply's fields; or `error` (a class's name) and `message`."""
    at: float = 0.0
    """When the answer was there, in seconds since the recording began."""


@dataclass(frozen=True)
class ToolExchange:
    """A call of a tool, and what it said."""

    tool: str
    arguments: Part
    answer: Part
    """`text`, and what else the tool's wrapper keeps; or `error` and `message`."""
    at: float = 0.0


@dataclass
class Recording:
    """A whole file."""

    path: Path
    model: str
    exchanges: list[ModelExchange | ToolExchange] = field(default_factory=list)


def message_part(message: Message) -> Part:
    """Return a message as JSON values, without what is empty."""
    part: Part = {"role": message.role, "content": message.content}
    if message.calls:
        part["calls"] = [{"id": c.id, "tool": c.tool, "arguments": c.arguments}
                         for c in message.calls]  # fmt: skip
    if message.call_id:
        part["call_id"] = message.call_id
    return part


def _tool_part(tool: Tool) -> Part:
    return {"name": tool.name, "description": tool.description, "schema": tool.schema}


class Writer:
    """Appends exchanges to a new file; each is complete on its line before the next begins."""

    def __init__(self, path: Path, model: str) -> None:
        """Begin a recording. Raises RecordingError where the file is there or cannot be made."""
        try:
            # Not 0644: a cluster's inner life is nobody else's business on a shared machine.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise RecordingError(f"{path} is there already; remove it or name another") from None
        except OSError as error:
            raise RecordingError(f"cannot record to {path}: {error.strerror}") from None
        self._known: set[str] = set()
        self._line({"kind": "header", "version": VERSION, "model": model})

    def model(self, exchange: ModelExchange) -> None:
        """Append one exchange with the model."""
        new: dict[str, Part] = {}
        prompt = exchange.prompt
        self._line(
            {
                "kind": "model",
                "messages": [self._hash(part, new) for part in prompt.messages],
                "tools": [self._hash(part, new) for part in prompt.tools],
                "must_call": prompt.must_call,
                "max_tokens": prompt.max_tokens,
                "new": new,
                "answer": exchange.answer,
                "at": round(exchange.at, 3),
            }
        )
        self._known |= new.keys()

    def tool(self, exchange: ToolExchange) -> None:
        """Append one exchange with a tool."""
        self._line(
            {
                "kind": "tool",
                "tool": exchange.tool,
                "arguments": exchange.arguments,
                "answer": exchange.answer,
                "at": round(exchange.at, 3),
            }
        )

    def close(self) -> None:
        """Close the file; it is whole at any time before as well."""
        os.close(self._file)

    def _hash(self, part: Part, new: dict[str, Part]) -> str:
        text = json.dumps(part, sort_keys=True, ensure_ascii=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        if name not in self._known:
            new[name] = part
        return name

    def _line(self, entry: Part) -> None:
        # One write past Python's buffers: a killed process tears at most this line. ASCII,
        # since a model's lone surrogates are no UTF-8.
        rest = memoryview(json.dumps(entry, ensure_ascii=True).encode() + b"\n")
        while rest:
            rest = rest[os.write(self._file, rest) :]


def read_recording(path: Path) -> Recording:
    """Return what was recorded; a last line that was torn is left out. Raises RecordingError."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RecordingError(f"cannot read the recording {path}: {error.strerror}") from None
    entries = _entries(path, lines)
    header = next(entries, {})
    if header.get("kind") != "header":
        raise RecordingError(f"{path} is no recording: its first line is no header")
    if header.get("version") != VERSION:
        raise RecordingError(
            f"{path} is a recording of format {header.get('version')}, and this program knows "
            f"format {VERSION}: record it anew"
        )
    recording = Recording(path, str(header.get("model", "")))
    known: dict[str, Part] = {}
    for number, entry in enumerate(entries, 2):
        try:
            recording.exchanges.append(_exchange(entry, known))
        except (KeyError, TypeError, ValueError):
            raise RecordingError(f"{path}, line {number}: is no exchange; record it anew") from None
    return recording


def _entries(path: Path, lines: list[bytes]) -> Iterator[Part]:
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            if number == len(lines):  # what follows the last newline: nothing, or a torn line
                return
            raise RecordingError(f"{path}, line {number}: is no JSON; record it anew") from None
        if not isinstance(entry, dict):
            raise RecordingError(f"{path}, line {number}: is no exchange; record it anew")
        yield entry


def _exchange(entry: Part, known: dict[str, Part]) -> ModelExchange | ToolExchange:
    if entry["kind"] == "tool":
        return ToolExchange(
            entry["tool"], entry["arguments"], dict(entry["answer"]), float(entry["at"])
        )
    known.update(entry["new"])
    prompt = Prompt(
        tuple(known[name] for name in entry["messages"]),
        tuple(known[name] for name in entry["tools"]),
        entry["must_call"],
        entry["max_tokens"],
    )
    return ModelExchange(prompt, dict(entry["answer"]), float(entry["at"]))
