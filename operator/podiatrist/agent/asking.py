"""Gets one answer out of a model within the limits: what is too long is shortened, what broke
off is asked for again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from podiatrist.agent.limits import LimitReachedError, Meter
from podiatrist.agent.memory import fit, size
from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import BrokenAnswerError, Model, ModelError, PromptTooLongError
from podiatrist.agent.tool import Tool
from podiatrist.agent.watcher import Watcher

_ATTEMPTS = 3
"""At an answer that breaks off, or a prompt that is too long."""


async def ask(
    model: Model,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    meter: Meter,
    watcher: Watcher | None = None,
    *,
    final: bool = False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Reply:
    """Return the model's answer, with ids of our own for its calls; each attempt is counted.

    A `final` answer calls the tools that it is given, and its prompt is shortened to what the
    limits leave. Raises LimitReachedError, ModelError.
    """
    window = meter.window
    for attempt in range(1, _ATTEMPTS + 1):
        sent = fit(messages, window) if window is not None else list(messages)
        if final and not meter.fits(sent, tools):
            sent = fit(sent, meter.room(tools))
        meter.allow(sent, tools, final=final)
        if watcher:
            watcher.asking(sent)
        try:
            reply = await _complete(model, sent, tools, meter, watcher, must_call=final)
        except PromptTooLongError:
            window = sum(map(size, sent)) // 2
            if attempt == _ATTEMPTS or sum(map(size, fit(messages, window))) > 2 * window - 1:
                raise
        except BrokenAnswerError as error:
            if attempt == _ATTEMPTS:
                raise
            await sleep(min(error.wait * attempt, meter.seconds_left))
            if watcher:
                watcher.text("\n\n(the answer broke off; asking again)\n\n")
        else:
            reply = numbered(reply, _free_number(messages, meter.steps), meter.limits.calls)
            meter.count(sent, tools, reply)
            meter.window = window
            return reply
    raise AssertionError


async def _complete(
    model: Model,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    meter: Meter,
    watcher: Watcher | None,
    *,
    must_call: bool,
) -> Reply:
    """Ask within the time that is left; what got no answer is counted as a failure."""
    try:
        async with asyncio.timeout(meter.seconds_left):
            return await model.complete(
                messages,
                tools,
                must_call=must_call and bool(tools),
                max_tokens=meter.limits.answer,
                on_text=watcher.text if watcher else None,
            )
    except ModelError as error:
        meter.count_failure(messages, tools, paid=error.paid)
        raise
    except TimeoutError:
        meter.count_failure(messages, tools, paid=True)
        raise LimitReachedError(f"{meter.limits.seconds:.0f} seconds are over") from None


def _free_number(messages: Sequence[Message], step: int) -> int:
    """Return a number whose ids no call of the conversation has: the meter counts each run anew."""
    taken = {call.id for message in messages for call in message.calls}
    while f"call-{step}-1" in taken:
        step += 1
    return step


def numbered(reply: Reply, step: int, most: int) -> Reply:
    """Return a reply with ids of our own and with no more calls than we look at."""
    calls = tuple(
        Call(f"call-{step}-{number}", call.tool, call.arguments)
        for number, call in enumerate(reply.calls[:most], 1)
    )
    return Reply(reply.text, calls, reply.tokens, reply.finish)
