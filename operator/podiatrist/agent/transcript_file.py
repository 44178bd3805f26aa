"""A transcript as it is kept: entries in order, cut to a size, packed as gzipped JSON."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from podiatrist.api.text import clean

LIMIT = 256 * 1024
"""Bytes of a transcript as JSON, before compression."""

_ENTRY = 16 * 1024
"""Characters that any one text of a transcript may have."""

_SHORT = 400
"""Characters that are left of a text when the whole is too long."""

_ENTRIES = 400
"""Entries of a transcript; a run of ordinary limits makes fewer than a hundred."""


Clean = Annotated[str, AfterValidator(clean)]
"""Text without control characters, whoever wrote it."""


class TranscriptError(Exception):
    """This is no transcript that can be read; `str()` says what is wrong with it."""


class Stored(BaseModel):
    """Base of what is kept: unknown fields of later versions are skipped."""

    model_config = ConfigDict(extra="ignore")


class StoredCall(Stored):
    """A tool that the model asked for."""

    tool: Clean
    arguments: Clean


class Entry(Stored):
    """One thing that happened, at a number of seconds after the first."""

    kind: Literal["prompt", "reply", "observation", "note"]
    seconds: float = 0.0
    text: Clean = ""
    source: Clean = ""
    """Of a prompt: who speaks (system, user). Of an observation: the command."""
    calls: list[StoredCall] = Field(default_factory=list)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish: Clean = "stop"


class TranscriptFile(Stored):
    """One consultation."""

    version: Literal[1] = 1
    model: Clean = ""
    entries: list[Entry] = Field(default_factory=list)


def pack(file: TranscriptFile) -> bytes:
    """Return a transcript as bytes: the same entries always give the same bytes."""
    file = file.model_copy(update={"entries": fit(file.entries)})
    return gzip.compress(file.model_dump_json().encode(), mtime=0)


def unpack(data: bytes) -> TranscriptFile:
    """Return what `pack` packed, cleaned anew: somebody else may have written it.

    Raises TranscriptError.
    """
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = unzip.decompress(data, 4 * LIMIT)
        if not unzip.eof:
            raise TranscriptError("it is cut off, or larger than any transcript")
        return TranscriptFile.model_validate_json(text)
    except zlib.error:
        raise TranscriptError("it is not gzipped") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise TranscriptError(f"{where or 'the JSON'}: {first['msg']}") from None


def bounded(text: str, most: int = _ENTRY) -> str:
    """Return head and tail of a text that is too long, with what was left out between them."""
    left_out = len(text) - most
    if left_out <= 0:
        return text
    head, tail = most * 2 // 3, most - most * 2 // 3
    return f"{text[:head]}\n[{left_out} characters left out]\n{text[-tail:]}"


def fit(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries, shortened until they fit.

    The oldest observations go first, then older words of the model; what the run began with and
    ended with stays as long as anything can.
    """
    kept = [*entries[: _ENTRIES // 2], *entries[max(_ENTRIES // 2, len(entries) - _ENTRIES // 2) :]]
    if len(kept) < len(entries):
        text = f"{len(entries) - len(kept)} entries left out"
        kept.insert(_ENTRIES // 2, Entry(kind="note", text=text))
    size = sum(map(_size, kept))
    for index in _expendable(kept):
        if size <= LIMIT:
            break
        shorter = _shortened(kept[index])
        size -= _size(kept[index]) - _size(shorter)
        kept[index] = shorter
    return kept


def _expendable(entries: Sequence[Entry]) -> Iterator[int]:
    """Yield the indexes of entries in the order in which they may be shortened."""
    replies = [i for i, e in enumerate(entries) if e.kind == "reply"]
    prompts = [i for i, e in enumerate(entries) if e.kind == "prompt"]
    yield from (i for i, e in enumerate(entries) if e.kind == "observation")
    yield from replies[:-1]
    yield from prompts[2:]  # the first two are the system prompt and the task
    yield from (i for i, e in enumerate(entries) if e.kind == "note")
    yield from [*prompts[:2], *replies[-1:]]


def _shortened(entry: Entry) -> Entry:
    calls = [
        StoredCall(tool=c.tool, arguments=bounded(c.arguments, _SHORT)) for c in entry.calls[:8]
    ]
    return entry.model_copy(update={"text": bounded(entry.text, _SHORT), "calls": calls})


def _size(entry: Entry) -> int:
    return len(entry.model_dump_json().encode()) + 1
