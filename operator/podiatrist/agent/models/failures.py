"""What an endpoint's refusal means: ask later, ask differently, ask less, or set it up right."""

import re
from collections.abc import Collection

import openai

from podiatrist.agent.model import (
    BrokenAnswerError,
    MisconfiguredModelError,
    ModelError,
    PromptTooLongError,
)
from podiatrist.agent.models.retry import PassingError
from podiatrist.cluster.retry_after import seconds_to_wait

_UNPAID = frozenset({409, 425, 429, 503, 529})
"""The endpoint did not take the request. Other errors of a server, such as a gateway's timeout,
may come when the model is long at work, and what it does is paid for."""

_TOO_LONG = re.compile(
    r"context.{0,10}(length|size|window)|maximum context|exceed_context|prompt is too long"
    r"|too many (input )?tokens|input is too long",
    re.IGNORECASE,
)

_WORDS = (
    ("max_completion_tokens", r"max_completion_tokens"),
    ("max_tokens", r"max_tokens"),
    ("stream_options", r"stream_options"),
    ("temperature", r"temperature"),
    ("response_format", r"response_format|json_schema|json_object|grammar|schema"),
    ("tool_choice", r"tool[_ ]choice"),
    ("tools", r"tools?\b|function call"),
)
"""Parameters that not every endpoint knows, the telling first, and how refusals name them."""

_CANNOT = re.compile(r"support|unknown|param|unrecognized|not allowed|requires", re.IGNORECASE)


class RefusedParameterError(Exception):
    """The endpoint does not know a parameter; asked without it, it may answer."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class FilteredError(Exception):
    """A content filter stands before the model and refused the prompt."""


class Refusals:
    """Reads the refusals of one endpoint."""

    def __init__(self, url: str, name: str, key: str) -> None:
        self._url = url
        self._name = name
        self._key = key

    def meaning(self, error: openai.APIError, sent: Collection[str]) -> Exception:
        """Return what to raise for an error, given the names of the parameters that were sent.

        A ModelError, PassingError, RefusedParameterError, or FilteredError.
        """
        if isinstance(error, openai.APIConnectionError):
            return self._unconnected(error)
        if not isinstance(error, openai.APIStatusError):  # an error in the middle of a stream
            told = self._told(str(error.code or ""), error.message)
            return told or BrokenAnswerError(f"{self._url} broke off: {self._quote(error.message)}")
        status, text = error.status_code, _text(error)
        told = self._told(str(error.code or ""), text)
        if told is not None:
            return told
        parameter = _named(text, error.param, sent) if status in (400, 404, 422, 500, 501) else None
        if parameter and (status in (400, 422) or _CANNOT.search(text)):
            return RefusedParameterError(parameter)
        if status in _UNPAID or status == 408 or status >= 500:
            wait = seconds_to_wait(error.response.headers.get("retry-after"))
            reason = f"{self._url} says {status}: {self._quote(text)}"
            return PassingError(reason, wait, paid=status not in _UNPAID)
        return self._misconfigured(status, text)

    def _unconnected(self, error: openai.APIConnectionError) -> Exception:
        """Return what a failed connection means: before the request was sent, nothing was paid."""
        if type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "ProxyError"):
            reason = self._quote(str(_cause(error)))
            return PassingError(f"cannot connect to {self._url}: {reason}")
        return BrokenAnswerError(f"{self._url} broke the connection off")

    def _told(self, code: str, text: str) -> Exception | None:
        """Return what the code or the text of an error says by itself, whatever the status."""
        if code == "insufficient_quota":
            return MisconfiguredModelError(f"the account at {self._url} has no credit left")
        if code == "content_filter":
            return FilteredError(f"{self._url} refused the prompt: {self._quote(text)}")
        if code == "context_length_exceeded" or _TOO_LONG.search(text):
            return PromptTooLongError(f"the prompt is too long for {self._name}")
        return None

    def _misconfigured(self, status: int, text: str) -> ModelError:
        """Return what to look at. A refused key is often quoted in part, so 401 is not quoted."""
        if status in (401, 403):
            verb = "does not take the key" if self._key else "wants a key"
            hint = f"{self._url} {verb} ({status}); look at PODIATRIST_MODEL_KEY"
        elif status == 404:
            hint = (
                f"{self._url} knows no model {self._name!r} or is no base URL (404); look at "
                f"PODIATRIST_MODEL and PODIATRIST_MODEL_URL"
            )
        elif status == 413:
            return PromptTooLongError(f"the prompt is too long for {self._url} (413)")
        elif status < 400:
            hint = f"{self._url} points elsewhere ({status}); look at PODIATRIST_MODEL_URL"
        else:
            hint = (
                f"{self._url} refused the request ({status}): {self._quote(text)}; look at "
                f"PODIATRIST_MODEL_URL and PODIATRIST_MODEL"
            )
        return MisconfiguredModelError(hint)

    def _quote(self, text: str) -> str:
        """Return a message of the endpoint in one short line and without our key."""
        if self._key:
            text = text.replace(self._key, "[key]")
        if "<html" in text.lower() or "<!doctype" in text.lower():
            return "a web page"
        line = "".join(c if c.isprintable() else " " for c in text)
        return " ".join(line.split())[:200] or "it says no more"


def _named(text: str, param: str | None, sent: Collection[str]) -> str | None:
    if param is not None and param.startswith("messages"):
        return None  # what is wrong with a message of a tool is no word on tools
    known = [(name, words) for name, words in _WORDS if name in sent]
    for name, _ in known:
        if param is not None and (param == name or param.startswith((f"{name}.", f"{name}["))):
            return name
    return next((name for name, words in known if re.search(words, text, re.IGNORECASE)), None)


def _text(error: openai.APIStatusError) -> str:
    """Return the message of an error: the SDK's own text repeats the whole body."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("message") or body.get("error") or body.get("detail")
        return str(inner if inner is not None else body)
    return str(body if body is not None else error.message)


def _cause(error: BaseException) -> BaseException:
    """Return the bottom of a chain of errors: the SDK says no more than "Connection error."."""
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error
