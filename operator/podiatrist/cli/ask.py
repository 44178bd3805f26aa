"""`podiatrist ask`: one question, one answer, no changes."""

import asyncio
import os
import stat
import sys
from pathlib import Path
from typing import Any

import click

from podiatrist.agent.messages import TokenCount
from podiatrist.agent.model import Model
from podiatrist.agent.models.cost import cost
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.recording.recorder import RecordingError
from podiatrist.agent.tool import ToolError
from podiatrist.chat.conversation import Conversation, prompt
from podiatrist.chat.opening import NO_MODEL, Door, open_session
from podiatrist.chat.phrases import asked_why
from podiatrist.chat.piped import marked
from podiatrist.chat.session import Session
from podiatrist.chat.tools import reading_tools
from podiatrist.cli.chat import model_settings, recording_options, the_model
from podiatrist.cli.options import Where, where_options
from podiatrist.cli.structured import print_structured
from podiatrist.cli.terminal import LineReader, Terminal, console_on
from podiatrist.cluster.errors import ClusterError

_READ = 4 * 1024 * 1024
"""Bytes that are taken from a pipe; what is sent on is much less."""


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="json: answer, findings, options, cost.")  # fmt: skip
@where_options()
@recording_options
def ask(
    question: tuple[str, ...],
    output: str,
    where: Where,
    record: Path | None,
    replay: Path | None,
) -> None:
    """Ask one question about a cluster; nothing is changed. Exits 1 where there is no answer.

    What comes through a pipe is shown to the model as data, shortened and without secrets.
    Without a model, questions like "why is web down?" are answered by the rules.

    \b
    Examples:
      podiatrist ask "why is web down?" -n shop
      kubectl describe pod web-1 | podiatrist ask "what is wrong here?"
    """
    line = " ".join(question).strip()
    if not line:
        raise click.UsageError("the question is empty; ask something, such as: why is web down?")
    settings = model_settings()
    door = Door(where.kubeconfig, where.context, where.namespace)
    try:
        model = the_model(settings, record, replay)
        given = _piped()
        told = asyncio.run(_ask(door, model, settings, line, given, as_json=output == "json"))
        if output == "json":
            print_structured(told, output)
    except (ClusterError, RecordingError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        raise  # click ends quietly where nobody reads any more
    except OSError as error:
        raise click.ClickException(f"the answer cannot be written: {error.strerror}") from None
    sys.exit(0 if told["answer"] else 1)


def _piped() -> str:
    """Return what comes through a pipe or from a file; nothing from a terminal."""
    try:
        mode = stat.S_IFMT(os.fstat(sys.stdin.fileno()).st_mode)
    except (AttributeError, OSError, ValueError):  # None where it is closed
        return ""
    if mode not in (stat.S_IFIFO, stat.S_IFREG):
        return ""
    return sys.stdin.buffer.read(_READ).decode("utf-8", "replace")


async def _ask(
    door: Door, model: Model | None, settings: ModelSettings, line: str, given: str, *,
    as_json: bool,
) -> dict[str, Any]:  # fmt: skip
    errors = console_on(sys.stderr)
    facts = errors if errors.is_terminal else None
    answers = None if as_json else console_on(sys.stdout)
    terminal = Terminal(answers, facts, LineReader(errors), errors)
    async with open_session(door, terminal) as (session, _):
        tokens = TokenCount()
        if model is None:
            answer = await _by_rules(session, line)
        else:
            talk = Conversation(model, session, reading_tools(session), None,
                                prompt("ask", session.namespace))  # fmt: skip
            answer = await talk.take(f"{line}\n\n{marked(given)}" if given.strip() else line)
            tokens = talk.tokens
    look = session.last
    return {
        "answer": answer,
        "commands": [e.command for e in session.record.entries if e.how == "ran"],
        "findings": [f.model_dump(mode="json", by_alias=True) for f in look.findings]
        if look
        else [],
        "options": [o.model_dump(mode="json", by_alias=True) for o in look.best_options]
        if look
        else [],
        "tokens": {"prompt": tokens.prompt, "completion": tokens.completion},
        "cost": cost(tokens, settings),
    }


async def _by_rules(session: Session, line: str) -> str:
    """Answer a question for a cause without a model; any other needs one."""
    asked = asked_why(line)
    if asked is None:
        raise ClusterError(NO_MODEL)
    try:
        look, how = await session.diagnose(asked[0], namespace=asked[1])
    except ToolError as error:
        raise ClusterError(str(error)) from None
    told = f"{how}\n{look.told()}".strip()
    session.screen.answer(told)
    session.screen.answered()
    return told
