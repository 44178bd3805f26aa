"""One OpenAI-compatible endpoint: sends a request, copes with what comes back."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import openai

from podiatrist.agent.messages import Reply
from podiatrist.agent.model import (
    BrokenAnswerError,
    OnText,
    UnreachableModelError,
)
from podiatrist.agent.models.answer import Answer
from podiatrist.agent.models.failures import FilteredError, Refusals, RefusedParameterError
from podiatrist.agent.models.retry import Patience, Time, persist
from podiatrist.agent.models.settings import ModelSettings

Body = dict[str, Any]
"""Parameters of a chat completion, such as `messages` and `tools`."""

_CONNECT = 10.0
"""Seconds to connect in: what takes longer is not there."""

_CHARACTERS = 64
"""The most characters of one token. An endpoint that ignores `max_tokens` is cut off there."""

_NO_COMPLETION = "it answered with no chat completion; look at PODIATRIST_MODEL_URL"


class Endpoint:
    """Asks one model at one URL. Deadline and retries are ours, not the SDK's."""

    def __init__(
        self, settings: ModelSettings, *, patience: Patience | None = None, at: Time | None = None
    ) -> None:
        self.name = settings.model
        self._settings = settings
        self._patience = patience or Patience(seconds=settings.model_timeout)
        self._at = at or Time()
        self._refusals = Refusals(
            settings.model_url, settings.model, settings.model_key.get_secret_value()
        )
        self._unknown: set[str] = set()
        """Parameters of ours that the endpoint has refused."""
        self._broke_off = False
        """Whether the last stream did: the next answer comes in one piece, which more can do."""

    async def ask(self, body: Body, max_tokens: int, on_text: OnText | None = None) -> Reply:
        """Return the answer to a request, which streams if `on_text` is given.

        Raises ModelError; RefusedParameterError for a parameter of `body` that is unknown there.
        """

        async def once(seconds: float) -> Reply:
            return await self._once(body, max_tokens, on_text, seconds)

        while True:
            try:
                return await persist(once, self._patience, self._at)
            except RefusedParameterError as error:
                if error.parameter in body:
                    raise
                self._unknown.add(error.parameter)
            except FilteredError as error:
                return Reply(str(error), finish="refusal")

    async def _once(
        self, body: Body, max_tokens: int, on_text: OnText | None, seconds: float
    ) -> Reply:
        whole = self._whole(body, max_tokens, streams=on_text is not None and not self._broke_off)
        try:
            async with asyncio.timeout(max(seconds, 0.01)), self._client() as client:
                if "stream" in whole:
                    return await self._stream(client, whole, max_tokens, on_text)
                answer = Answer()
                text = answer.add(await client.chat.completions.create(**whole)) + answer.end()
                reply = answer.reply()
                self._broke_off = False
                if on_text and text:
                    on_text(text)
                return reply
        except TimeoutError:
            raise UnreachableModelError(
                f"{self._settings.model_url} gave no answer within {self._patience.seconds:.0f} s; "
                f"PODIATRIST_MODEL_TIMEOUT can be longer",
                paid=True,
            ) from None
        except openai.APIError as error:
            raise self._refusals.meaning(error, whole) from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # what the SDK raises for a body that is no JSON, or JSON of another shape
            raise BrokenAnswerError(
                f"{self._settings.model_url}: {_NO_COMPLETION} ({type(error).__name__})"
            ) from None
        except BrokenAnswerError as error:
            raise BrokenAnswerError(f"{self._settings.model_url}: {error}") from None

    def _whole(self, body: Body, max_tokens: int, *, streams: bool) -> Body:
        """Return a request with the parameters that every request has.

        `max_tokens` is tried before its younger name: some endpoints ignore what they do not
        know, and the limit has to hold.
        """
        own: Body = {"max_tokens": max_tokens, "temperature": 0}
        if "max_tokens" in self._unknown:
            own["max_completion_tokens"] = max_tokens
        if streams:
            own |= {"stream_options": {"include_usage": True}}
        own = {name: value for name, value in own.items() if name not in self._unknown}
        return {"model": self.name, **body, **own, **({"stream": True} if streams else {})}

    def _client(self) -> openai.AsyncOpenAI:
        """Return a client for one answer: nothing to close at the end, no stale connection.

        It follows no redirect: the prompt is for this endpoint and no other.
        """
        return openai.AsyncOpenAI(
            api_key=self._settings.model_key.get_secret_value() or "none",
            base_url=self._settings.model_url,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(
                follow_redirects=False, timeout=openai.Timeout(None, connect=_CONNECT)
            ),
        )

    async def _stream(
        self, client: openai.AsyncOpenAI, whole: Body, max_tokens: int, on_text: OnText | None
    ) -> Reply:
        answer = Answer()
        stream = await client.chat.completions.create(**whole)
        if not isinstance(stream, openai.AsyncStream):
            raise BrokenAnswerError(_NO_COMPLETION)
        self._broke_off = True  # until it comes to its end
        began = False
        try:
            async for chunk in self._chunks(stream):
                began = True
                text = answer.add(chunk)
                if on_text and text:
                    on_text(text)
                if answer.size > max_tokens * _CHARACTERS:
                    answer.finish = "length"
                    break
        except (openai.APIConnectionError, json.JSONDecodeError):
            raise BrokenAnswerError("its answer broke off") from None
        if answer.finish is None:
            raise BrokenAnswerError("its answer broke off" if began else _NO_COMPLETION)
        self._broke_off = False
        rest = answer.end()
        if on_text and rest:
            on_text(rest)
        return answer.reply()

    async def _chunks(self, stream: openai.AsyncStream[Any]) -> AsyncIterator[object]:
        """Yield the pieces of an answer. Raises BrokenAnswerError when they stop coming."""
        silence: float | None = None  # the first piece comes when the prompt is read
        while True:
            try:
                async with asyncio.timeout(silence):
                    chunk = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise BrokenAnswerError(f"its answer stopped for {silence:.0f} s") from None
            yield chunk
            silence = self._patience.silence


def keep_quiet() -> None:
    """Let the SDK and its HTTP client log warnings only: their debug lines hold prompts."""
    for name in ("openai", "httpx2", "httpx", "httpcore2", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
