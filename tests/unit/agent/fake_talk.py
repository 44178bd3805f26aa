"""An agent that talks to an endpoint which plays a script: real HTTP, short times."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import SecretStr

from podiatrist.agent.limits import Limits
from podiatrist.agent.loop import Agent
from podiatrist.agent.messages import Message, Reply
from podiatrist.agent.model import Model
from podiatrist.agent.models.make_model import make_model
from podiatrist.agent.models.retry import Patience
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.tool import Arguments, Tool, ToolError

KEY = "sk-very-secret-4711"

SHORT = Patience(seconds=15.0, silence=2.0, attempts=3, wait=0.01, longest_wait=0.05)
"""Long enough that a busy machine does not look like a dead endpoint."""

HASTY = replace(SHORT, seconds=1.0, silence=0.3)
"""For endpoints that never answer: their test waits for the end of it."""

Tools = Literal["auto", "native", "schema"]


class Kubectl(Arguments):
    command: str


class Closing(Arguments):
    cause: str


@dataclass
class Cluster:
    """What kubectl was asked, in order."""

    asked: list[str] = field(default_factory=list)

    async def kubectl(self, arguments: Kubectl) -> str:
        self.asked.append(arguments.command)
        if arguments.command.startswith("delete"):
            raise ToolError("only reading")
        return f"output of {arguments.command}"

    @property
    def tools(self) -> list[Tool]:
        async def close(closing: Closing) -> str:
            return closing.cause

        return [
            Tool("kubectl", "Runs kubectl, read-only.", Kubectl, self.kubectl),
            Tool("report", "Says the cause.", Closing, close, repeatable=True),
        ]


@dataclass
class Screen:
    """Who looks on."""

    shown: str = ""
    replies: list[Reply] = field(default_factory=list)

    def asking(self, messages: object) -> None: ...

    def text(self, piece: str) -> None:
        self.shown += piece

    def replied(self, reply: Reply) -> None:
        self.replies.append(reply)

    def calling(self, call: object) -> None: ...

    def observed(self, call: object, text: str) -> None: ...


def model_at(url: str, tools: Tools = "native", patience: Patience = SHORT) -> Model:
    settings = ModelSettings(
        model="fake", model_url=url, model_key=SecretStr(KEY), model_tools=tools
    )
    model = make_model(settings, patience=patience)
    assert model is not None
    return model


@dataclass
class Talk:
    """How a run ended."""

    agent: Agent
    cluster: Cluster
    screen: Screen
    answer: str | None = None
    error: Exception | None = None

    @property
    def observations(self) -> list[str]:
        return [m.content for m in self.agent.messages if m.role == "tool"]

    @property
    def messages(self) -> list[Message]:
        return self.agent.messages


def talk(
    url: str,
    task: str = "why is web down?",
    *,
    tools: Tools = "native",
    patience: Patience = SHORT,
    limits: Limits | None = None,
    watched: bool = True,
    then: Callable[[Agent], object] | None = None,
) -> Talk:
    """Let an agent work on a task, at most 60 seconds, and return how that ended."""
    cluster, screen = Cluster(), Screen()
    agent = Agent(
        model_at(url, tools, patience),
        cluster.tools,
        "You look after pods.",
        limits or Limits(steps=12, tokens=100_000, seconds=45),
        watcher=screen if watched else None,
    )
    done = Talk(agent, cluster, screen)

    async def run() -> None:
        async with asyncio.timeout(60):
            try:
                done.answer = await agent.run(task)
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001 - which one is the test's question
                done.error = error

    asyncio.run(run())
    return done
