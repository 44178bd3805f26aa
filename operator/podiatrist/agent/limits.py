"""How far an agent may go: steps, tokens, seconds. Reaching a limit is an exception."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podiatrist.agent.messages import Message, TokenCount
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
    calls: int = 8
    """Calls of one answer that are looked at; the rest are dropped."""


_SPARE_TIME = 0.2
"""Part of the time that is kept for the last answer."""


class Meter:
    """Counts what was used, and says no before a limit would be passed."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.tokens = TokenCount()
        self.steps = 0
        self._clock = clock
        self._started: float | None = None
        self._known = 0
        """Tokens of the last prompt and its answer, as the endpoint counted them..."""
        self._counted = 0
        """... and how many messages those were."""

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
        if self.seconds >= limits.seconds * (1 - spare * _SPARE_TIME):
            raise LimitReachedError(f"{limits.seconds:.0f} seconds are over")
        most = self._most_tokens(messages, tools) + limits.answer
        if self.tokens.total + most * (1 + spare) > limits.tokens:
            raise LimitReachedError(f"the next request could pass {limits.tokens} tokens")

    def count(self, messages: Sequence[Message], tokens: TokenCount) -> TokenCount:
        """Add one answered request; returns what was added.

        An endpoint that does not tell its tokens is charged the most they can have been.
        """
        if not tokens.total:
            tokens = TokenCount(sum(map(_most, messages)), self.limits.answer)
        self.steps += 1
        self.tokens += tokens
        self._known, self._counted = tokens.total, len(messages) + 1
        return tokens

    def charge_failure(self, messages: Sequence[Message], tools: Sequence[Tool]) -> None:
        """Add a request that got no answer: it may have been worked on all the same."""
        self.steps += 1
        self.tokens += TokenCount(self._most_tokens(messages, tools), 0)

    def _most_tokens(self, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """Return an upper bound for the tokens of a prompt.

        No tokenizer makes more tokens than bytes; what the endpoint counted before is exact.
        """
        fresh = messages[self._counted :] if self._counted <= len(messages) else messages
        known = self._known if fresh is not messages else 0
        offered = 0 if known else sum(len(str(t.schema)) + len(t.description) for t in tools)
        return known + offered + sum(map(_most, fresh))


_FRAME = 16
"""Tokens that a chat template puts around one message, generously."""


def _most(message: Message) -> int:
    calls = sum(len(c.arguments.encode()) + len(c.tool) for c in message.calls)
    return len(message.content.encode(errors="replace")) + calls + _FRAME
