"""A conversation: takes a line of the user's and answers it, by the record, by tools, by a model.

Whatever goes wrong in a turn is said in one line, and the conversation goes on with its history
whole: every call in it has an answer, every question too.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from podiatrist.agent.limits import LimitReachedError, Limits
from podiatrist.agent.loop import Agent
from podiatrist.agent.messages import Call, Message, Reply, TokenCount, observation, system, user
from podiatrist.agent.model import Model, ModelError
from podiatrist.agent.repetition import REPEATED
from podiatrist.agent.tool import REFUSED, Tool, ToolError
from podiatrist.api.text import clean, clip
from podiatrist.chat.changes import one_line
from podiatrist.chat.doing import Doing
from podiatrist.chat.phrases import (
    asks_for_commands,
    asks_for_options,
    chosen_option,
    pretends,
)
from podiatrist.chat.screen import Screen
from podiatrist.chat.session import Session
from podiatrist.chat.tools import ToldError
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.redaction import redact

LIMITS = Limits(steps=8, tokens=80_000, seconds=600.0, answer=700, mistakes=1, window=36_000)
"""What one turn may use up."""

_PROMPTS = Path(__file__).with_name("prompts")
_NOT_RUN = "refused: not run"
_NAME, _REMARK = 40, 300
"""Characters of a tool's name, and of what was refused, that are shown: a model chose them."""

_LAST_WORDS = "Answer now, in one to three sentences, with what was seen. No more tools."


def prompt(name: str, namespace: str) -> str:
    """Return a system prompt; `name` is the file's."""
    return _PROMPTS.joinpath(f"{name}.md").read_text("utf-8").replace("{namespace}", namespace)


class Onlooker:
    """Shows on the screen what goes on between agent and model."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def asking(self, messages: Sequence[Message]) -> None:
        """The model thinks: the screen shows it by itself until something comes."""

    def text(self, piece: str) -> None:
        """Show a piece of the answer."""
        self.screen.answer(clean(piece))

    def replied(self, reply: Reply) -> None:
        """Show that this part of the answer is complete."""
        self.screen.answered()

    def calling(self, call: Call) -> None:
        """Nothing: tools show themselves what they do."""

    def observed(self, call: Call, text: str) -> None:
        """Show what was refused; the rest was shown while it ran, what is repeated too."""
        if text.startswith(REFUSED) and not text.startswith(f"{REFUSED}{REPEATED}"):
            first, _, _ = text.removeprefix(REFUSED).partition(". ")
            self.screen.refused(clip(one_line(f"{clip(call.tool, _NAME)}: {first}"), _REMARK))


class Conversation:
    """One user's talk with one model about one cluster."""

    def __init__(
        self,
        model: Model,
        session: Session,
        tools: Sequence[Tool],
        doing: Doing | None,
        instructions: str,
        limits: Limits = LIMITS,
    ) -> None:
        self.session = session
        self.doing = doing
        self.agent = Agent(model, tools, instructions, limits, watcher=Onlooker(session.screen))
        self.tokens = TokenCount()
        self.requests = 0
        self._phrases = 0
        self._unanswered = False

    def look_into(self, namespace: str) -> None:
        """Tell the model where commands look from now on."""
        self.agent.messages[0] = system(prompt("chat", namespace))

    def clear(self) -> None:
        """Forget what was said."""
        del self.agent.messages[1:]
        self.session.last = None

    async def take(self, line: str) -> str:
        """Answer one line; returns the last words, empty where there are none.

        Raises nothing but CancelledError, with the history whole.
        """
        text = redact(clean(line)).strip()
        begin = len(self.agent.messages)
        self.session.line = text
        self.session.shown_options = self._unanswered = False
        try:
            if await self._by_phrase(text):
                return self.agent.messages[-1].content
            return await self._by_model(text)
        except (ToolError, ClusterError) as error:
            self.session.screen.problem(str(error))
            return self._close(f"This failed: {error}")
        except asyncio.CancelledError:
            self._close("(stopped by the user)")
            raise
        finally:
            turn = [] if self._unanswered else without_refused(self.agent.messages[begin:])
            self.agent.messages[begin:] = turn

    async def _by_phrase(self, text: str) -> bool:
        """Answer the few phrases that need no model; False where the line is none of them.

        In the history they look like the calls that a model should have made: an answer in words
        would be repeated by a weak one for ever.
        """
        if self.doing is None:
            return False
        number = chosen_option(text)
        if asks_for_commands(text):
            call = self._as_if_called(text, "commands", "{}")
            told = self.doing.commands()
        elif number is not None and self.session.last is not None:
            call = self._as_if_called(text, "carry_out", f'{{"option": {number}}}')
            told = await self.doing.choose(number)
        elif asks_for_options(text) and self.session.last is not None:
            call = self._as_if_called(text, "options", "{}")
            told = await self.doing.options()
        else:
            return False
        self.agent.messages.append(observation(call, told))
        return True

    def _as_if_called(self, text: str, tool: str, arguments: str) -> Call:
        self._phrases += 1
        call = Call(f"phrase-{self._phrases}", tool, arguments)
        self.agent.messages += [user(text), Message("assistant", "", (call,))]
        return call

    async def _by_model(self, text: str) -> str:
        agent, screen = self.agent, self.session.screen
        try:
            with screen.thinking():
                answer = await agent.run(text)
            if pretends(answer):
                screen.refused("these are the model's words: nothing was changed by them")
            return answer
        except ToldError as told:
            return self._close(str(told))
        except LimitReachedError as limit:
            return await self._conclude(limit)
        except ModelError as error:
            screen.problem(f"the model gave no answer: {error}")
            return self._close("")
        finally:
            self.tokens += agent.meter.tokens
            self.requests += agent.meter.steps

    async def _conclude(self, limit: LimitReachedError) -> str:
        """Get the last words of a turn that used up its limits."""
        self._answer_calls(_NOT_RUN)
        try:
            with self.session.screen.thinking():
                reply = await self.agent.conclude(_LAST_WORDS)
            if not self.agent.repeats:  # a model that only repeats itself has seen what there is
                self.session.screen.refused(f"cut short: {limit}")
            if reply.text:
                self._answer_calls(_NOT_RUN)
                return reply.text
            return self._close("")
        except (LimitReachedError, ModelError):
            self.session.screen.problem(f"stopped: {limit}; ask again, or ask for less")
            return self._close("")

    def _close(self, text: str) -> str:
        """Bring the history to where the user may speak again.

        A turn without an answer is forgotten: whatever stood in place of one, a weak model would
        say again, word for word, from then on.
        """
        self._answer_calls(text or _NOT_RUN)
        if not text or self.agent.messages[-1].role == "user":
            self._unanswered = True
        return text

    def _answer_calls(self, text: str) -> None:
        """Answer the calls of the last reply that have none yet: no endpoint takes them so."""
        messages = self.agent.messages
        asked = next((m for m in reversed(messages) if m.calls), None)
        if asked is None:
            return
        answered = {m.call_id for m in messages if m.role == "tool"}
        for call in asked.calls:
            if call.id not in answered:
                messages.append(observation(call, text))
                text = _NOT_RUN


def without_refused(messages: Sequence[Message]) -> list[Message]:
    """Return a turn without the calls that were all refused: a weak model would learn from them.

    The last one stays where nothing follows it.
    """
    answers = {m.call_id: m.content for m in messages if m.role == "tool"}
    refused = {
        call.id
        for m in messages[:-1]
        for call in m.calls
        if all(answers.get(c.id, "").startswith(REFUSED) for c in m.calls)
    }
    if messages and messages[-1].call_id in refused:
        return list(messages)
    return [
        m
        for m in messages
        if m.call_id not in refused and not any(c.id in refused for c in m.calls)
    ]
