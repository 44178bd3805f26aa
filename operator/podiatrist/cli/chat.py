"""`podiatrist chat`: the conversation in a terminal."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from podiatrist.agent.model import Model
from podiatrist.agent.models.make_model import make_model
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.recording.recorder import Recorder, RecordingError, Replay
from podiatrist.chat.conversation import Conversation, prompt
from podiatrist.chat.doing import Doing
from podiatrist.chat.journal import state_folder
from podiatrist.chat.known_names import KnownNames
from podiatrist.chat.opening import NO_MODEL, Door, open_session
from podiatrist.chat.slash import COMMANDS, LeaveError, Slash
from podiatrist.chat.tools import talking_tools
from podiatrist.cli.options import Where, where_options
from podiatrist.cli.terminal import LineReader, Reader, Terminal, console_on
from podiatrist.cluster.errors import ClusterError

F = TypeVar("F", bound=Callable[..., Any])

_PROMPT = "> "


def recording_options(command: F) -> F:
    """Add the options for recordings of exchanges with the model."""
    for option in (
        click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                     help="Take the model's answers from this recording, in their order."),
        click.option("--record", type=click.Path(path_type=Path, dir_okay=False),
                     help="Write every exchange with the model to this new file."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@where_options()
@recording_options
def chat(where: Where, record: Path | None, replay: Path | None) -> None:
    """Talk about a cluster: ask, find causes, change things after a look at the diff.

    Works with your own kubeconfig and rights. Nothing changes without your yes; /undo takes the
    last change back. The model is that of PODIATRIST_MODEL and PODIATRIST_MODEL_URL.

    \b
    Example:
      podiatrist chat -n shop
    """
    settings = model_settings()
    try:
        model = the_model(settings, record, replay)
        if model is None:
            raise click.ClickException(NO_MODEL)
        asyncio.run(_chat(Door(where.kubeconfig, where.context, where.namespace), model, settings))
    except (ClusterError, RecordingError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        sys.exit(130)
    except asyncio.CancelledError:
        sys.exit(143)


def model_settings() -> ModelSettings:
    """Return the settings; what is wrong with them ends the command with its name."""
    try:
        return ModelSettings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(["PODIATRIST", *map(str, first["loc"])]).upper()
        said = first["msg"].removeprefix("Value error, ")
        raise click.ClickException(f"{name}: {said}" if first["loc"] else said) from None


def the_model(settings: ModelSettings, record: Path | None, replay: Path | None) -> Model | None:
    """Return the model to talk to, None where none is configured. Raises RecordingError."""
    if replay is not None:
        return Replay(replay, loose=True)  # a cluster's names differ each time
    model = make_model(settings)
    return Recorder(model, record) if model is not None and record is not None else model


async def _chat(door: Door, model: Model, settings: ModelSettings) -> None:
    console = console_on(sys.stdout)
    names = KnownNames()
    reader: Reader
    if sys.stdin.isatty() and console.is_terminal and not console.is_dumb_terminal:
        reader = _editor(names)
    else:
        reader = LineReader(console)
    terminal = Terminal(console, console, reader, console)
    async with open_session(door, terminal) as (session, who):
        doing = Doing(session)
        tools = talking_tools(session, doing)
        talk = Conversation(model, session, tools, doing, prompt("chat", session.namespace))
        slash = Slash(talk, doing, settings)
        terminal.say(f"{who.told}, model {model.name}. /help lists commands, Ctrl-D leaves.")

        async def answer(line: str) -> None:
            if not await slash.take(line):
                await talk.take(line)

        loading = asyncio.create_task(names.load(session.client))
        try:
            await _turns(terminal, reader, answer)
        finally:
            loading.cancel()


async def _turns(
    terminal: Terminal, reader: Reader, answer: Callable[[str], Awaitable[None]]
) -> None:
    """Read lines and answer them until the user leaves. Ctrl-C stops the answer under way.

    Raises CancelledError when the terminal is gone or somebody ends the program: a change that is
    being sent comes to its end first, and nothing of ours stays behind.
    """
    whole: asyncio.Task[Any] | None = asyncio.current_task()
    turn: asyncio.Task[None] | None = None
    ended = False

    def interrupt() -> None:
        if turn is not None:
            turn.cancel()
        else:
            reader.interrupt()

    def end() -> None:
        nonlocal ended
        ended = True
        if task := turn or whole:
            task.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    while not ended:
        try:
            line = (await reader.read(_PROMPT)).strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            terminal.say("(Ctrl-D leaves)")
            continue
        if not line:
            continue
        turn = asyncio.create_task(_answered(answer, line))
        try:
            with reader.quiet():
                await turn
        except asyncio.CancelledError:
            terminal.say("(stopped)")
        except LeaveError:
            return
        finally:
            turn = None
    raise asyncio.CancelledError


async def _answered(answer: Callable[[str], Awaitable[None]], line: str) -> None:
    await answer(line)


def _editor(names: KnownNames) -> Reader:
    try:
        from podiatrist.cli.line_editor import LineEditor, Names  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise click.ClickException(
            "chat needs prompt-toolkit; run: pip install 'podiatrist[chat]'"
        ) from None
    history = state_folder(dict(os.environ)) / "history"
    return LineEditor(history, Names(COMMANDS, names.all), "NO_COLOR" not in os.environ)
