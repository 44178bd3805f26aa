"""A transcript on the screen, or as JSON for other programs."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from rich.console import Console, RenderableType
from rich.text import Text

from podiatrist.agent.consultation.transcript import Transcript, TranscriptError
from podiatrist.agent.consultation.transcript_file import Entry, StoredCall
from podiatrist.agent.tool import REFUSED
from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cli.structured import print_structured

_ENDS = {"length": "cut off at the limit of tokens", "refusal": "the model would not answer"}


class NotReadableError(Exception):
    """What is stored is no transcript; `str()` says whose and why."""


@dataclass(frozen=True)
class Consultation:
    """A transcript, and the Diagnosis it is of; None where that is gone already."""

    namespace: str
    name: str
    diagnosis: Diagnosis | None
    transcript: Transcript


def print_transcript(
    namespace: str, name: str, diagnosis: Diagnosis | None, data: bytes, *, as_json: bool
) -> None:
    """Print a packed transcript. Raises NotReadableError."""
    try:
        found = Consultation(namespace, name, diagnosis, Transcript.from_bytes(data))
    except TranscriptError as error:
        raise NotReadableError(f"the transcript of {name} cannot be read: {error}") from None
    if as_json:
        print_structured(to_json(found), "json")
        return
    console = Console(no_color="NO_COLOR" in os.environ or None, highlight=False)
    for part in render(found):
        console.print(part, soft_wrap=not console.is_terminal)


def to_json(found: Consultation) -> dict[str, object]:
    """Return a consultation as JSON for other programs."""
    told = found.diagnosis.status if found.diagnosis else None
    consulted = condition(told, "Consulted") if told else None
    return {
        "namespace": found.namespace,
        "diagnosis": found.name,
        "model": found.transcript.model,
        "usage": told.usage.model_dump(mode="json", by_alias=True) if told and told.usage else None,
        "consulted": consulted.model_dump(mode="json", by_alias=True) if consulted else None,
        "entries": [entry.model_dump(mode="json") for entry in found.transcript.entries],
    }


def render(found: Consultation) -> Iterator[RenderableType]:
    """Yield a consultation as parts that rich can print."""
    yield _head(found)
    entries = found.transcript.entries
    for number, entry in enumerate(entries):
        yield Text()
        match entry.kind:
            case "prompt":
                yield _line(entry, f"told by {entry.source or 'us'}", "bold")
                yield _inside(entry.text, "dim")
            case "reply":
                yield _line(entry, _reply_head(entry), "bold")
                if entry.text.strip():
                    yield _inside(entry.text)
                ran = _observations_after(entries, number)
                for call in entry.calls[ran:]:  # those that ran follow, with what they showed
                    yield from _unanswered(call)
            case "observation":
                refused = entry.text.startswith(REFUSED)
                what = f"not run: {entry.source}" if refused else f"$ {entry.source}"
                yield _line(entry, what, "red" if refused else "cyan")
                yield _inside(entry.text, "dim")
            case "note":
                yield _line(entry, entry.text, "yellow")
    yield Text()
    yield from _outcome(found)


def _head(found: Consultation) -> Text:
    tokens = found.transcript.tokens
    asked = sum(entry.kind == "reply" for entry in found.transcript.entries)
    head = Text(f"{found.name} in {found.namespace}", style="bold")
    by = found.transcript.model or "the model"
    head.append(
        f"  {by}, answers: {asked}, tokens: {tokens.prompt:,} sent, {tokens.completion:,} received",
        style="not bold",
    )
    return head


def _outcome(found: Consultation) -> Iterator[RenderableType]:
    """Say how it ended, and what all consultations of the Diagnosis cost."""
    if found.diagnosis is None:
        yield Text("The Diagnosis itself is gone.", style="yellow")
        return
    status = found.diagnosis.status
    consulted = condition(status, "Consulted")
    if consulted is not None:
        why = f": {consulted.message}" if consulted.message else ""
        yield Text(f"Consulted={consulted.status} ({consulted.reason}){why}", style="bold")
    if usage := status.usage:
        cost = f", cost: {usage.cost}" if usage.cost else ""
        tokens = f"{usage.prompt_tokens:,} + {usage.completion_tokens:,}"
        yield Text(
            f"All consultations of this Diagnosis: {usage.calls} requests, {tokens} tokens"
            f"{cost}, {usage.seconds} s"
        )


def _observations_after(entries: list[Entry], number: int) -> int:
    count = 0
    for entry in entries[number + 1 :]:
        if entry.kind == "reply":
            break
        count += entry.kind == "observation"
    return count


def _reply_head(entry: Entry) -> str:
    end = f", {_ENDS[entry.finish]}" if entry.finish in _ENDS else ""
    return f"the model ({entry.prompt_tokens:,} + {entry.completion_tokens:,} tokens{end})"


def _unanswered(call: StoredCall) -> Iterator[RenderableType]:
    """Yield a call that ended the run: the report, as YAML where it is whole."""
    yield _inside(f"{call.tool}:", "green")
    try:
        text = yaml.safe_dump(json.loads(call.arguments), sort_keys=False, allow_unicode=True)
    except (ValueError, RecursionError, yaml.YAMLError):
        text = call.arguments
    yield _inside(text.rstrip(), "green", 10)


def _line(entry: Entry, text: str, style: str) -> Text:
    return Text.assemble((f"{entry.seconds:6.1f}s ", "dim"), (text, style))


def _inside(text: str, style: str = "", indent: int = 8) -> Text:
    margin = " " * indent
    return Text("\n".join(margin + line for line in text.splitlines()), style=style)
