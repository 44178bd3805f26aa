"""What the endpoint can play: answers, and troubles."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

Asked = dict[str, Any]
"""The body of a request: model, messages, tools, ..."""


@dataclass(frozen=True)
class Answer:
    """An answer; it streams where the request wants that."""

    text: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    """As in the API: id and function."""
    finish: str | None = None
    """None: tool_calls or stop, whichever fits."""
    refusal: str | None = None
    usage: dict[str, Any] | None = field(default_factory=dict)
    """None: none is sent; empty: what it would be at four characters a token."""


Trouble = Callable[[web.Request, Asked], Awaitable[web.StreamResponse]]
Play = Answer | Trouble


def say(text: str, finish: str | None = None, **more: Any) -> Answer:
    """Answer with a text; `finish="length"` for one that was cut off."""
    return Answer(text, finish=finish, **more)


def call(tool: str, *, id: str = "call_1", **arguments: Any) -> Answer:  # noqa: A002 - the API's
    """Call one tool."""
    return calls((tool, json.dumps(arguments)), ids=[id])


def calls(*wanted: tuple[str, str], ids: list[str] | None = None) -> Answer:
    """Call several tools at once, each a name and arguments as they are written."""
    ids = ids or [f"call_{number}" for number in range(len(wanted))]
    return Answer(
        calls=tuple(
            {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
            for id_, (name, arguments) in zip(ids, wanted, strict=True)
        )
    )


def refusal(text: str = "I cannot help with that.") -> Answer:
    """Refuse, in the field for that."""
    return Answer(refusal=text)


def empty() -> Answer:
    """Answer with nothing at all."""
    return Answer()


def status(
    number: int, message: str = "no", *, headers: dict[str, str] | None = None, **error: Any
) -> Trouble:
    """Answer with an HTTP error, its `error` object as OpenAI writes it."""

    async def play(_: web.Request, __: Asked) -> web.StreamResponse:
        body = {"error": {"message": message, **error}}
        return web.json_response(body, status=number, headers=headers)

    return play


def too_long() -> Trouble:
    """Refuse the prompt because of its length."""
    return status(
        400, "This model's maximum context length is 4096 tokens.", code="context_length_exceeded"
    )


def without(parameter: str, then: Play, message: str = "") -> Trouble:
    """Refuse each request that has a parameter, and play something else for the others."""

    async def play(request: web.Request, asked: Asked) -> web.StreamResponse:
        if parameter not in asked:
            return await perform(then, request, asked)
        told = message or f"Unrecognized request argument supplied: {parameter}"
        return web.json_response({"error": {"message": told}}, status=400)

    return play


async def hang(_: web.Request, __: Asked) -> web.StreamResponse:
    """Take the request and never answer."""
    await asyncio.sleep(3600)
    raise AssertionError


async def web_page(_: web.Request, __: Asked) -> web.StreamResponse:
    """Answer with HTML, as a proxy or a wrong URL does."""
    return web.Response(text="<!DOCTYPE html><html>Welcome</html>", content_type="text/html")


async def broken_json(_: web.Request, __: Asked) -> web.StreamResponse:
    """Answer with the first half of a completion."""
    text = json.dumps(completion(say("All is well."), {}))
    return web.Response(text=text[: len(text) // 2], content_type="application/json")


async def no_choices(_: web.Request, asked: Asked) -> web.StreamResponse:
    """Answer with a completion that has no choices."""
    return web.json_response({**completion(say("x"), asked), "choices": []})


def cut_stream(text: str, *, rudely: bool = False) -> Trouble:
    """Stream a text and end without a finish_reason; rudely: by closing the connection.

    Where no stream is wanted, the JSON ends in its middle.
    """

    async def play(request: web.Request, asked: Asked) -> web.StreamResponse:
        if not asked.get("stream"):
            return await broken_json(request, asked)
        response = await _begin(request)
        await _send(response, _chunk({"content": text}))
        if rudely and request.transport is not None:
            request.transport.abort()
        return response

    return play


def stall(text: str) -> Trouble:
    """Stream a text, and then nothing, with the connection open; hang where none is wanted."""

    async def play(request: web.Request, asked: Asked) -> web.StreamResponse:
        if not asked.get("stream"):
            return await hang(request, asked)
        response = await _begin(request)
        await _send(response, _chunk({"content": text}))
        return await hang(request, asked)

    return play


def drip(piece: str, seconds: float) -> Trouble:
    """Stream a piece every so many seconds, for ever."""

    async def play(request: web.Request, _: Asked) -> web.StreamResponse:
        response = await _begin(request)
        while True:
            await _send(response, _chunk({"content": piece}))
            await asyncio.sleep(seconds)

    return play


def nothing_listens() -> str:
    """Return the URL of an endpoint whose port is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


async def perform(play: Play, request: web.Request, asked: Asked) -> web.StreamResponse:
    """Return what a play answers to a request."""
    if not isinstance(play, Answer):
        return await play(request, asked)
    if not asked.get("stream"):
        return web.json_response(completion(play, asked))
    response = await _begin(request)
    for delta in _deltas(play):
        await _send(response, _chunk(delta))
    await _send(response, _chunk({}, finish=_finish(play)))
    if play.usage is not None and asked.get("stream_options", {}).get("include_usage"):
        await _send(response, {"choices": [], "usage": play.usage or _usage(play, asked)})
    await response.write(b"data: [DONE]\n\n")
    return response


def completion(answer: Answer, asked: Asked) -> dict[str, Any]:
    """Return an answer as the API sends it in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = list(answer.calls)
    if answer.refusal is not None:
        message["refusal"] = answer.refusal
    body: dict[str, Any] = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(answer)}],
    }
    if answer.usage is not None:
        body["usage"] = answer.usage or _usage(answer, asked)
    return body


def _finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.calls else "stop")


def _usage(answer: Answer, asked: Asked) -> dict[str, int]:
    sent, received = len(json.dumps(asked)) // 4, len(json.dumps(answer.calls) + answer.text) // 4
    return {
        "prompt_tokens": sent,
        "completion_tokens": received,
        "total_tokens": sent + received,
    }


def _deltas(answer: Answer) -> list[dict[str, Any]]:
    """Return an answer in pieces: a text by its words, a call by its name and half arguments."""
    words = answer.text.split(" ")
    said = [{"content": word + " "} for word in words[:-1]] + [{"content": words[-1]}]
    deltas: list[dict[str, Any]] = [d for d in said if d["content"]]
    if answer.refusal is not None:
        deltas.append({"refusal": answer.refusal})
    for index, wanted in enumerate(answer.calls):
        function = wanted["function"]
        arguments = function["arguments"]
        half = len(arguments) // 2
        begun = {**wanted, "index": index, "function": {**function, "arguments": arguments[:half]}}
        rest = {"index": index, "function": {"arguments": arguments[half:]}}
        deltas += [{"tool_calls": [begun]}, {"tool_calls": [rest]}]
    return deltas


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice]}


async def _begin(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    return response


async def _send(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(chunk)}\n\n".encode())


def unpriced(answer: Answer) -> Answer:
    """Return an answer that does not tell its tokens."""
    return replace(answer, usage=None)
