"""The transcript of a consultation: looks on while the agent runs, and keeps what was said.

Everything is redacted and cleaned before it is kept: transcripts outlive what they tell of.
"""

import json
import time
from collections.abc import Callable, Sequence

from podiatrist.agent.consultation.transcript_file import (
    Entry,
    StoredCall,
    TranscriptError,
    TranscriptFile,
    bounded,
    pack,
    unpack,
)
from podiatrist.agent.messages import Call, Message, Reply, TokenCount
from podiatrist.api.text import clean
from podiatrist.cluster.redaction import redact

__all__ = ["Transcript", "TranscriptError"]

_SOURCE = 500
"""Characters of a command."""

_NAME = 200
"""Characters of a tool's name or a model's."""


class Transcript:
    """A Watcher of the loop; `clock` is in seconds."""

    def __init__(self, model: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = _safe(model, _NAME)
        self.entries: list[Entry] = []
        self._clock = clock
        self._started: float | None = None
        self._asked: list[Message] = []

    def asking(self, messages: Sequence[Message]) -> None:
        """Keep what code or a human has said since the last answer."""
        fresh: list[Message] = []
        for message in reversed(messages):
            if message.role not in ("system", "user"):
                break
            fresh.insert(0, message)
        for message in fresh:
            if message not in self._asked:  # the same request again: the first one failed
                self._add(Entry(kind="prompt", source=message.role, text=message.content))
        self._asked = fresh

    def text(self, piece: str) -> None:
        """Nothing to do: the whole answer follows."""

    def replied(self, reply: Reply) -> None:
        """Keep an answer: words, calls, tokens, and how it ended."""
        calls = [
            StoredCall(tool=_safe(c.tool, _NAME), arguments=_safe(c.arguments)) for c in reply.calls
        ]
        self._asked = []
        self._add(
            Entry(
                kind="reply",
                text=reply.text,
                calls=calls,
                prompt_tokens=reply.tokens.prompt,
                completion_tokens=reply.tokens.completion,
                finish=reply.finish,
            )
        )

    def calling(self, call: Call) -> None:
        """Nothing to do: the answer tells of it."""

    def observed(self, call: Call, text: str) -> None:
        """Keep what a tool said."""
        self._add(Entry(kind="observation", source=source_of(call), text=text))

    def note(self, text: str) -> None:
        """Keep a remark of ours: a limit was reached, a claim dropped and why."""
        self._add(Entry(kind="note", text=text))

    @property
    def tokens(self) -> TokenCount:
        """Tokens of all answers, as the endpoint counted them."""
        replies = [e for e in self.entries if e.kind == "reply"]
        return TokenCount(
            sum(e.prompt_tokens for e in replies), sum(e.completion_tokens for e in replies)
        )

    def to_bytes(self) -> bytes:
        """Return it packed, at most 256 KiB of JSON before compression."""
        return pack(TranscriptFile(model=self.model, entries=self.entries))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Transcript":
        """Return what was packed. Raises TranscriptError.

        Observations for quoting are not kept; the entries are, shortened as they were packed.
        """
        file = unpack(data)
        transcript = cls(file.model)
        transcript.entries = file.entries
        return transcript

    def _add(self, entry: Entry) -> None:
        now = self._clock()
        if self._started is None:
            self._started = now
        entry.seconds = round(now - self._started, 1)
        entry.text = _safe(entry.text)
        self.entries.append(entry)


def source_of(call: Call) -> str:
    """Return what a call amounts to in one line: the command, or the tool and its arguments."""
    try:
        command = json.loads(call.arguments)["command"]
    except (ValueError, TypeError, LookupError, RecursionError):
        command = None
    if not isinstance(command, str):
        return _safe(f"{call.tool} {call.arguments}", _SOURCE)
    words = command.split()
    return _safe(" ".join(words if words[:1] == [call.tool] else [call.tool, *words]), _SOURCE)


def _safe(text: str, most: int | None = None) -> str:
    text = clean(redact(text))
    return bounded(text) if most is None else text[:most]
