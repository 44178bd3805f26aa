"""Commands that begin with a slash: answered by code, never seen by the model."""

from dataclasses import dataclass
from pathlib import Path

from podiatrist.agent.models.cost import cost
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.tool import ToolError
from podiatrist.chat.conversation import Conversation
from podiatrist.chat.doing import Doing
from podiatrist.chat.identity import NAMESPACE
from podiatrist.chat.transcript import transcript
from podiatrist.cluster.errors import ClusterError

COMMANDS = {
    "/help": "this list",
    "/commands": "the commands that were used so far",
    "/options": "the options for what was diagnosed last, looked up afresh",
    "/undo": "take the last change back, after asking",
    "/show": "/show N: the whole output of command N",
    "/namespace": "/namespace NAME: where to look from now on",
    "/model": "which model answers, and what it cost so far",
    "/clear": "forget the conversation (not what can be undone)",
    "/transcript": "/transcript FILE: write the conversation to a new file",
    "/quit": "leave, as Ctrl-D does",
}

_DIGITS = 10
"""Of a command's number; Python refuses to read thousands of them."""


class LeaveError(Exception):
    """The user wants to leave."""


@dataclass
class Slash:
    """Answers slash commands in one conversation."""

    conversation: Conversation
    doing: Doing
    settings: ModelSettings

    async def take(self, line: str) -> bool:
        """Carry a line out if it is a slash command; False where it is none. Raises LeaveError."""
        if not line.startswith("/"):
            return False
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        screen = self.doing.session.screen
        try:
            match word:
                case "/help":
                    screen.say(_help())
                case "/commands":
                    self.doing.commands()
                case "/options":
                    await self.doing.options()
                case "/undo":
                    await self.doing.undo()
                case "/show":
                    self._show(rest)
                case "/namespace":
                    self._namespace(rest)
                case "/model":
                    self._model()
                case "/clear":
                    self.conversation.clear()
                    screen.say("The conversation is forgotten.")
                case "/transcript":
                    self._transcript(rest)
                case "/quit" | "/exit":
                    raise LeaveError
                case _:
                    screen.problem(f"there is no {word}; /help lists what there is")
        except (ToolError, ClusterError) as error:
            screen.problem(str(error))
        return True

    def _show(self, number: str) -> None:
        session = self.doing.session
        known = number.isdecimal() and len(number) < _DIGITS
        entry = session.record.entry(int(number)) if known else None
        if entry is None:
            session.screen.problem("there is no such command; /commands has the numbers")
            return
        session.screen.whole(entry)

    def _namespace(self, name: str) -> None:
        session = self.doing.session
        if name and not NAMESPACE.fullmatch(name):
            session.screen.problem(f"{name!r} cannot be a namespace's name")
            return
        if name:
            session.namespace = name
            self.conversation.look_into(name)
        session.screen.say(f"namespace {session.namespace}")

    def _model(self) -> None:
        talk = self.conversation
        money = cost(talk.tokens, self.settings)
        self.doing.session.screen.say(
            f"{talk.agent.model.name}: {talk.requests} requests, {talk.tokens.prompt} tokens sent, "
            f"{talk.tokens.completion} received" + (f", cost {money}" if money else "")
        )

    def _transcript(self, name: str) -> None:
        screen = self.doing.session.screen
        if not name:
            screen.problem("name a file: /transcript talk.md")
            return
        path = Path(name)
        try:
            path = path.expanduser()
            with path.open("x", encoding="utf-8") as file:
                path.chmod(0o600)
                file.write(transcript(self.conversation))
        except FileExistsError:
            screen.problem(f"{path} exists already; name a new file")
        except OSError as error:
            screen.problem(f"{path} cannot be written: {error.strerror}")
        except (RuntimeError, ValueError) as error:  # ~nobody, or a NUL in the name
            screen.problem(f"{name!r} cannot be a file's name: {error}")
        else:
            screen.say(f"written to {path}")


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"{name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        ["Ask in your own words; a change is shown first and needs your yes.", *lines,
         "Ctrl-C stops an answer, Ctrl-D leaves."]
    )  # fmt: skip
