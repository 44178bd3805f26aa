"""What the model may ask for in a conversation. Each tool is one method of `Session` or `Doing`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from pydantic import Field

from podiatrist.agent.kubectl_tool import KubectlArguments, fenced, kubectl_tool
from podiatrist.agent.tool import Arguments, Tool, ToolError
from podiatrist.chat.doing import Doing
from podiatrist.chat.phrases import names_option
from podiatrist.chat.session import Session
from podiatrist.chat.status import cluster_status
from podiatrist.chat.wishes import Wish, signatures
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import RefusedCommandError

_ENOUGH = "If this answers the user's question, answer now."
"""Weak models ask for the same again until they are told."""


class ToldError(Exception):
    """Ends a turn: the user was told by code what there is to tell; `str()` is for the model.

    What was done, which options there are and what became of a change is no matter of a model's
    words.
    """


class Nothing(Arguments):
    """No arguments."""


class DiagnoseArguments(Arguments):
    """What to look at."""

    name: str = Field(max_length=253, description="As the user said it, such as some-app.")
    kind: str = Field(default="", max_length=63, description="Only if the user said one.")
    namespace: str = Field(default="", max_length=63, description="Only if the user named one.")


class OptionArguments(Arguments):
    """Which option."""

    option: int = Field(ge=1, le=99, description="Its number.")


class ChangeArguments(Arguments):
    """What the user asked to be changed."""

    changes: list[Wish] = Field(min_length=1, max_length=4)


def reading_tools(session: Session) -> list[Tool]:
    """Return the tools that only look."""

    async def run(arguments: KubectlArguments) -> str:
        try:
            return fenced(await session.run(arguments.command))
        except RefusedCommandError as error:
            raise ToolError(str(error)) from None

    async def status(_: Nothing) -> str:
        await session.run("get nodes")
        with session.screen.working("counting pods"):
            text = await cluster_status(session.client, session.namespace)
        session.record.add("read", "kubectl get pods --all-namespaces", text)
        session.screen.say(text)
        return f"{text}\n\n{_ENOUGH}"

    async def diagnose(arguments: DiagnoseArguments) -> str:
        look, how = await session.diagnose(arguments.name, arguments.kind, arguments.namespace)
        session.screen.look(look)
        session.shown_options = True
        return f"{how}\n{look.told()}\n\n{_ENOUGH}".strip()

    return [
        _guarded(replace(kubectl_tool(session.kubectl), run=run)),
        _guarded(Tool("status", "How the cluster is: nodes, pods, trouble.", Nothing, status)),
        _guarded(
            Tool("diagnose", "Find out why a workload, pod, Service, claim or node is not well.",
                 DiagnoseArguments, diagnose)
        ),
    ]  # fmt: skip


def talking_tools(session: Session, doing: Doing) -> list[Tool]:
    """Return all tools of a conversation: those that look, and those that need the user's yes."""

    async def options(_: Nothing) -> str:
        if session.shown_options:
            raise ToolError("the options stand above already: answer the user's question now")
        raise ToldError(await doing.options())

    async def carry_out(arguments: OptionArguments) -> str:
        if not names_option(session.line, arguments.option):
            raise ToolError(
                f"the user did not choose option {arguments.option}; to do what the user said, "
                "use change"
            )
        raise ToldError(await doing.choose(arguments.option))

    async def change(arguments: ChangeArguments) -> str:
        raise ToldError(await doing.change(arguments.changes))

    async def commands(_: Nothing) -> str:
        raise ToldError(doing.commands())

    async def undo(_: Nothing) -> str:
        raise ToldError(await doing.undo())

    return [
        *reading_tools(session),
        _guarded(
            Tool("options", "The numbered options to fix what was diagnosed.", Nothing, options)
        ),
        _guarded(
            Tool("carry_out", "Carry out an option that the user chose.", OptionArguments,
                 carry_out, repeatable=True)
        ),
        _guarded(
            Tool("change", "Change something that the user told you to change. Actions and their "
                 f"fields: {signatures()}.", ChangeArguments, change, repeatable=True)
        ),
        _guarded(Tool("commands", "The commands that were used so far.", Nothing, commands)),
        _guarded(Tool("undo", "Take the last change back.", Nothing, undo, repeatable=True)),
    ]  # fmt: skip


def _guarded(tool: Tool) -> Tool:
    """Return the tool with what the cluster refuses as an answer to the model."""
    run: Callable[[Any], Awaitable[str]] = tool.run

    async def guarded(arguments: Any) -> str:
        try:
            return await run(arguments)
        except ClusterError as error:
            raise ToolError(f"the cluster said: {error}") from None

    return replace(tool, run=guarded)
