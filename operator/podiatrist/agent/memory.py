"""Keeps a conversation inside a bound: old observations are shortened, then old turns dropped."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from podiatrist.agent.messages import Message

_FRAME = 24
"""Tokens that a chat template, or JSON around a step, adds to one message; generously."""

_KEPT = (1200, 300)
"""Bytes of an old observation that stay, at first and when that is not enough."""


def size(message: Message) -> int:
    """Return an upper bound for the tokens of a message: no tokenizer makes more than bytes.

    What the assistant said may be sent as JSON, where some characters take more bytes.
    """
    if message.role != "assistant":
        return len(message.content.encode(errors="replace")) + _FRAME
    calls = sum(len(json.dumps(c.arguments)) + len(c.tool.encode()) + _FRAME for c in message.calls)
    return len(json.dumps(message.content)) + calls + _FRAME


def fit(messages: Sequence[Message], most: int) -> list[Message]:
    """Return the conversation in at most so many bytes, as `size` counts them.

    The system prompt and the last user's message always stay whole, and no observation stays
    without the call that it answers. What had to stay may be more than `most`.
    """
    fitted = list(messages)
    latest = _latest_turn(fitted)
    for kept, protected in ((_KEPT[0], latest), (_KEPT[1], latest), (_KEPT[0], set())):
        _shorten(fitted, most, kept, protected)
    for turn in _turns(fitted):
        if _total(fitted) <= most:
            break
        fitted = [m for m in fitted if not any(m is gone for gone in turn)]
    return fitted


def _shorten(messages: list[Message], most: int, kept: int, protected: set[int]) -> None:
    """Shorten observations in place, the oldest first, until the conversation fits."""
    total = _total(messages)
    for number, message in enumerate(messages):
        if total <= most:
            return
        if message.role == "tool" and number not in protected and size(message) > 2 * kept:
            messages[number] = replace(message, content=_ends(message.content, kept))
            total += size(messages[number]) - size(message)


def _ends(text: str, kept: int) -> str:
    """Return the beginning and the end of a text, at most `kept` bytes and a mark between."""
    raw = text.encode(errors="replace")
    head = raw[: kept // 2].decode(errors="ignore")
    tail = raw[len(raw) - kept // 2 :].decode(errors="ignore")
    left_out = len(text) - len(head) - len(tail)
    return f"{head}\n[... {left_out} characters left out to save room ...]\n{tail}"


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Return what may be dropped, in order: answers with their observations, then questions."""
    answers: list[list[Message]] = []
    questions: list[list[Message]] = []
    for message in messages:
        if message.role == "assistant":
            answers.append([message])
        elif message.role == "tool" and answers:
            answers[-1].append(message)
        elif message.role == "user":
            questions.append([message])
    return answers + questions[:-1]


def _latest_turn(messages: Sequence[Message]) -> set[int]:
    """Return the places of the newest answer's observations: the model needs those most."""
    last = max((n for n, m in enumerate(messages) if m.role == "assistant"), default=0)
    return set(range(last, len(messages)))


def _total(messages: Iterable[Message]) -> int:
    return sum(map(size, messages))
