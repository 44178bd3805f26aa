"""The loop that everybody writes first: a system prompt, one tool, and `while True`.

It gets the same model over the same transport, the same limits and the same bound for what a
command prints; it has nothing else of ours. kubectl runs with an identity that only reads.
"""

import asyncio
import os
import shlex
from pathlib import Path

from podiatrist.agent.limits import LimitReachedError, Meter
from podiatrist.agent.messages import Call, observation, system, user
from podiatrist.agent.model import Model, ModelError
from podiatrist.agent.tool import Arguments, Tool, ToolError

PROMPT = """You are a Kubernetes expert. Use kubectl to find out what is wrong and why. \
When you know the root cause, answer with it in a few sentences."""

MOST = 6000
"""Characters of a command's output."""

SECONDS = 20.0


class Command(Arguments):
    """A line for kubectl."""

    command: str


def bare_kubectl(kubectl: Path, kubeconfig: Path, home: Path) -> Tool:
    """Return a tool that runs any kubectl command it is given."""

    async def run(arguments: Command) -> str:
        try:
            words = shlex.split(arguments.command)
        except ValueError as error:
            return f"error: {error}"
        words = words[1:] if words[:1] == ["kubectl"] else words
        environment = {"HOME": str(home), "KUBECONFIG": str(kubeconfig), "PATH": os.defpath}
        process = await asyncio.create_subprocess_exec(
            str(kubectl), *words, env=environment, cwd=home, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                said, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"error: it did not end within {SECONDS:.0f} s"
        return said.decode(errors="replace")[:MOST]

    return Tool("kubectl", "Runs a kubectl command and returns what it prints.", Command, run)


async def bare_loop(model: Model, kubectl: Tool, question: str, meter: Meter) -> str:
    """Return the model's last words; "" where it came to none within the limits."""
    messages = [system(PROMPT), user(question)]
    try:
        while True:
            meter.allow(messages, [kubectl], final=True)
            async with asyncio.timeout(meter.seconds_left):
                reply = await model.complete(messages, [kubectl], max_tokens=meter.limits.answer)
            meter.count(messages, [kubectl], reply)
            messages.append(reply.message)
            if not reply.calls:
                return reply.text
            results = [await _result(kubectl, call) for call in reply.calls]
            messages += map(observation, reply.calls, results)
    except (LimitReachedError, ModelError, TimeoutError):
        return ""


async def _result(tool: Tool, call: Call) -> str:
    try:
        return await tool.run(tool.parse(call))
    except ToolError as error:
        return f"error: {error}"
