"""A transcript as it is kept: entries in order, cut to a size, packed as gzipped JSON."""

import gzip
import zlib
from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from podiatrist.api.text import clean

LIMIT = 256 * 1024
"""Bytes of a transcript as JSON, before compression."""

_ENTRY = 16 * 1024
"""Characters that any one text of a transcript may have."""

_SHORT = 400
"""Characters that are left of a text when the whole is too long."""

_FRAME = 2048
"""Bytes for what is around the entries, and for a note of what was left out."""


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
    ended with comes last. Where all that is not enough, entries in the middle are left out.
    """
    kept = list(entries)
    essential = _essential(kept)
    sizes = list(map(_size, kept))
    too_much = sum(sizes) - (LIMIT - _FRAME)
    for index in [*_expendable(kept, essential), *essential]:
        if too_much <= 0:
            return kept
        kept[index] = _shortened(kept[index])
        too_much -= sizes[index] - _size(kept[index])
        sizes[index] = _size(kept[index])
    first = last = len(kept) // 2
    while too_much > 0:  # grow the hole in the middle on the side that has more left
        if first > len(kept) - last:
            first -= 1
            too_much -= sizes[first]
        else:
            too_much -= sizes[last]
            last += 1
    if first < last:
        kept[first:last] = [Entry(kind="note", text=f"{last - first} entries left out")]
    return kept


def _essential(entries: Sequence[Entry]) -> list[int]:
    """Return the indexes of the system prompt, the task, and the last answer."""
    prompts = [i for i, e in enumerate(entries) if e.kind == "prompt"]
    replies = [i for i, e in enumerate(entries) if e.kind == "reply"]
    return [*prompts[:2], *replies[-1:]]


def _expendable(entries: Sequence[Entry], essential: Collection[int]) -> list[int]:
    """Return the other indexes in the order in which their entries may be shortened."""
    order = ("observation", "reply", "prompt", "note")
    others = [i for i in range(len(entries)) if i not in essential]
    return sorted(others, key=lambda i: order.index(entries[i].kind))


def _shortened(entry: Entry) -> Entry:
    calls = [
        StoredCall(tool=c.tool, arguments=bounded(c.arguments, _SHORT)) for c in entry.calls[:8]
    ]
    return entry.model_copy(update={"text": bounded(entry.text, _SHORT), "calls": calls})


def _size(entry: Entry) -> int:
    return len(entry.model_dump_json().encode()) + 1
