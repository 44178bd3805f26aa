"""A screen that writes down what it is shown, and a model that says what it is told to."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from podiatrist.agent.messages import Call, Message, Reply
from podiatrist.agent.model import ModelError, OnText
from podiatrist.agent.tool import Tool
from podiatrist.chat.carry_out import WayBack
from podiatrist.chat.changes import Change
from podiatrist.chat.conversation import Conversation
from podiatrist.chat.doing import Doing
from podiatrist.chat.journal import Journal
from podiatrist.chat.look import Look
from podiatrist.chat.record import Entry
from podiatrist.chat.session import Session
from podiatrist.chat.tools import talking_tools
from podiatrist.cluster.client import Client
from podiatrist.cluster.kubectl import Kubectl

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


class Paper:
    """A Screen on paper. `says_yes` is the user's answer to every question."""

    def __init__(self, *, says_yes: bool = False) -> None:
        self.says_yes = says_yes
        self.said: list[str] = []
        self.problems: list[str] = []
        self.asked: list[str] = []
        self.changes: list[Change] = []
        self.ways_back: list[WayBack] = []
        self.text = ""
        self.waiting = asyncio.Event()
        """Set when an effect is waited for."""

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        if what.startswith("waiting for"):
            self.waiting.set()
        yield

    @contextmanager
    def thinking(self) -> Iterator[None]:
        yield

    def answer(self, piece: str) -> None:
        self.text += piece

    def answered(self) -> None: ...

    def ran(self, entry: Entry) -> None:
        self.said.append(f"$ {entry.command}")

    def whole(self, entry: Entry) -> None:
        self.said.append(entry.text)

    def refused(self, text: str) -> None:
        self.said.append(f"refused {text}")

    def say(self, text: str) -> None:
        self.said.append(text)

    def problem(self, text: str) -> None:
        self.problems.append(text)

    def look(self, look: Look) -> None:
        self.said.append(look.told())

    def options(self, look: Look) -> None:
        self.said.append("; ".join(o.title for o in look.best_options))

    def change(self, change: Change) -> None:
        self.changes.append(change)

    def way_back(self, back: WayBack) -> None:
        self.ways_back.append(back)

    async def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return self.says_yes


class Scripted:
    """A Model that gives its replies in order, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, *replies: Reply | ModelError) -> None:
        self.replies = list(replies)
        self.asked: list[list[Message]] = []

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        *,
        must_call: bool = False,
        max_tokens: int = 1024,
        on_text: OnText | None = None,
    ) -> Reply:
        self.asked.append(list(messages))
        reply = self.replies.pop(0)
        if isinstance(reply, ModelError):
            raise reply
        if on_text:
            on_text(reply.text)
        return reply


def says(text: str) -> Reply:
    return Reply(text)


def calls(tool: str, arguments: str = "{}") -> Reply:
    return Reply("", (Call("x", tool, arguments),))


class Talk:
    """A conversation about a cluster in memory."""

    def __init__(
        self, cluster: Client, folder: Path, *replies: Reply | ModelError, says_yes: bool = False
    ) -> None:
        self.screen = Paper(says_yes=says_yes)
        self.model = Scripted(*replies)
        self.journal = Journal(folder, "https://cluster", lambda: NOW)
        kubectl = Kubectl(Path("/nonexistent/kubectl"), Path("/nonexistent/config"))
        self.session = Session(cluster, kubectl, self.screen, self.journal, "shop")
        self.doing = Doing(self.session)
        tools = talking_tools(self.session, self.doing)
        self.conversation = Conversation(self.model, self.session, tools, self.doing, "Be brief.")

    async def take(self, line: str) -> str:
        return await self.conversation.take(line)
