"""How far an agent may go: steps, tokens, seconds. Reaching a limit is an exception."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel

from podiatrist.agent.memory import size
from podiatrist.agent.messages import Message, Reply, TokenCount
from podiatrist.agent.schemas import inlined, shape
from podiatrist.agent.tool import Tool


class LimitReachedError(Exception):
    """The agent has to stop asking; `str()` says which limit it was."""


@dataclass(frozen=True)
class Limits:
    """What one run may use up."""

    steps: int = 12
    """Requests to the model."""
    tokens: int = 60_000
    """Tokens sent and received, all requests together."""
    seconds: float = 300.0
    """Time from the first request on."""
    answer: int = 1024
    """Tokens of one answer."""
    mistakes: int = 4
    """Refused calls in a row (unknown tool, bad arguments, repetition) before it has to stop."""
    repeats: int = 4
    """Calls in a row that were made before, all refused, before it has to stop."""
    calls: int = 8
    """Calls of one answer that are looked at; the rest are dropped."""
    window: int | None = None
    """Bytes of the conversation that are sent; None: all, until the endpoint says it is too long.
    A token is three to four bytes."""


_SPARE_TIME = 0.2
"""Part of the time that is kept for the last answer."""

_LAST_TASK = 4500
"""Bytes that are kept for what asks for the last answer, with lines to choose from..."""

_LAST_MEMORY = 3500
"""... and for what it is about, or for a schema that knows the lines too."""

_FRAME = 384
"""Tokens that an endpoint, or the way we ask for steps, may add to one request, generously..."""

_TOOL_FRAME = 256
"""... and to one tool."""


Lengths = dict[str, int]
"""Of tools by name, in bytes."""


class Meter:
    """Counts what was used, and says no before a limit would be passed.

    It believes what the endpoint counts, and takes the most that is possible for the rest.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.tokens = TokenCount()
        self.steps = 0
        self._clock = clock
        self._started: float | None = None
        self._known = 0
        """Tokens of the last prompt and its answer..."""
        self._sent: Counter[Message] = Counter()
        """... the messages that those were, and the tools that were offered with them."""
        self._offered: Lengths = {}
        self._described: Lengths = {}
        """All tools that were offered so far: steps go on telling of those."""
        self.window = limits.window
        """Like that of the limits, until the endpoint has shown that it is smaller."""

    def next(self) -> "Meter":
        """Return the meter of the next run: nothing is used, but lengths that are known stay."""
        meter = Meter(self.limits, self._clock)
        meter._known, meter._sent, meter._offered = self._known, self._sent, self._offered
        meter._described, meter.window = dict(self._described), self.window
        return meter

    @property
    def seconds(self) -> float:
        """Seconds since the first request."""
        return 0.0 if self._started is None else self._clock() - self._started

    @property
    def seconds_left(self) -> float:
        """Seconds until the limit; never negative."""
        return max(0.0, self.limits.seconds - self.seconds)

    def allow(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, final: bool = False
    ) -> None:
        """Raise LimitReachedError where one more request could pass a limit.

        All but the `final` request leave room for that one: a step, a fifth of the time, and
        the tokens to say what was found out.
        """
        if self._started is None:
            self._started = self._clock()
        limits, spare = self.limits, 0 if final else 1
        if self.steps + spare >= limits.steps:
            raise LimitReachedError(f"{limits.steps} steps are used up")
        self.check_time(final=final)
        kept = 0 if final else self._last_words(messages, tools) + limits.answer
        if not self.fits(messages, tools, kept):
            raise LimitReachedError(f"the next request could pass {limits.tokens} tokens")

    def check_time(self, *, final: bool = False) -> None:
        """Raise LimitReachedError where no time is left for another step; see `allow`."""
        seconds = self.limits.seconds
        if self.seconds >= seconds * (1 if final else 1 - _SPARE_TIME):
            raise LimitReachedError(f"{seconds:.0f} seconds are over")

    def room(self, tools: Sequence[Tool]) -> int:
        """Return how many bytes the messages of a last request may have, whatever they are."""
        fixed = self.limits.answer + _FRAME + self._told(_lengths(tools))
        return self.limits.tokens - self.tokens.total - fixed

    def fits(self, messages: Sequence[Message], tools: Sequence[Tool], kept: int = 0) -> bool:
        """Whether a request and its answer surely leave so many of the tokens."""
        most = self.most(messages, tools) + self.limits.answer
        return self.tokens.total + most + kept <= self.limits.tokens

    def count(self, messages: Sequence[Message], tools: Sequence[Tool], reply: Reply) -> None:
        """Add one answered request.

        An endpoint that does not tell its tokens is charged the most they can have been.
        """
        tokens = reply.tokens
        if not tokens.total:
            tokens = TokenCount(self.most(messages, tools), self.limits.answer)
        self.steps += 1
        self.tokens += tokens
        self._known = tokens.total
        self._sent = Counter([*messages, reply.message])
        self._offered = _lengths(tools)
        self._described = _longest(self._described, self._offered)

    def count_failure(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, paid: bool
    ) -> None:
        """Add a request that got no answer; `paid`: it may have been worked on all the same."""
        self.steps += 1
        if paid:
            self.tokens += TokenCount(self.most(messages, tools), self.limits.answer)

    def most(self, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """Return an upper bound for the tokens of a prompt.

        What the endpoint has counted before is exact; the rest is at most its bytes.
        """
        offered = _lengths(tools)
        whole = _FRAME + sum(map(size, messages)) + self._told(offered)
        if not self._known:
            return whole
        fresh = sum(map(size, (Counter(messages) - self._sent).elements()))
        other = sum(length for _, length in offered.items() - self._offered.items())
        return min(whole, self._known + _FRAME + fresh + other)

    def _told(self, offered: Lengths) -> int:
        """Return the length of all tools that a request tells of."""
        return sum(_longest(self._described, offered).values())

    def _last_words(self, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """Return the tokens of a prompt for the last answer, shortened as far as makes sense."""
        prompt = sum(size(m) for m in messages if m.role == "system")
        rest = sum(map(size, messages)) - prompt
        tokens = _FRAME + prompt + self._told(_lengths(tools)) + _LAST_TASK
        return tokens + min(rest, _LAST_MEMORY)


def _lengths(tools: Sequence[Tool]) -> Lengths:
    return {t.name: _length(t) for t in tools}


def _longest(one: Lengths, other: Lengths) -> Lengths:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one | other}


def _length(tool: Tool) -> int:
    """Return an upper bound for the tokens of a tool: steps are told of it, and held to it."""
    return _schema_length(tool.arguments) + len(tool.description.encode()) + _TOOL_FRAME


@lru_cache(maxsize=32)
def _schema_length(arguments: type[BaseModel]) -> int:
    schema = arguments.model_json_schema()
    return max(_bytes(schema), _bytes(inlined(schema))) + len(shape(schema).encode())


def _bytes(schema: object) -> int:
    return len(json.dumps(schema, ensure_ascii=False).encode(errors="replace"))
