"""One conversation's world: the cluster with the user's rights, what was done, what was seen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from podiatrist.api.diagnosis import ObjectRef
from podiatrist.chat.find import Finder
from podiatrist.chat.journal import Journal
from podiatrist.chat.look import Look, look_at
from podiatrist.chat.record import Record
from podiatrist.chat.screen import Screen
from podiatrist.cluster.client import Client
from podiatrist.cluster.kubectl import Kubectl, Output
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.lifecycle.context import Context, Timing


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@dataclass
class Session:
    """What every tool and every slash command works on."""

    client: Client
    kubectl: Kubectl
    screen: Screen
    journal: Journal
    namespace: str
    record: Record = field(default_factory=Record)
    clock: Callable[[], datetime] = now
    line: str = ""
    """What the user said last."""
    shown_options: bool = False
    """Whether the model has already seen the options in this turn."""
    last: Look | None = None
    """What was diagnosed last: `option 1` is one of its options."""

    @property
    def context(self) -> Context:
        """The world as the steps of the lifecycle take it; nothing is kept between two reads."""
        reader = Reader(self.client)
        return Context(self.client, reader, Store(self.client), self.clock, Timing())

    @property
    def finder(self) -> Finder:
        """Finds objects that are named loosely."""
        return Finder(self.client, self.namespace)

    async def run(self, command: str) -> Output:
        """Run one kubectl command that reads; it is shown, and written down.

        Raises RefusedCommandError, ClusterError.
        """
        kubectl = self.kubectl.within(self.namespace)
        started = time.monotonic()
        with self.screen.working(shown(command)):
            output = await kubectl.run(command)
        seconds = time.monotonic() - started
        entry = self.record.add("ran", output.command, output.text, ok=output.ok, seconds=seconds)
        self.screen.ran(entry)
        return output

    async def diagnose(self, words: str, kind: str = "", namespace: str = "") -> tuple[Look, str]:
        """Look at the object that is meant; returns what was seen, and how it was found.

        Raises ToolError where it is not clear what is meant, ClusterError.
        """
        with self.screen.working(f"looking for {words}"):
            found = await self.finder.find(words, kind, namespace)
        return await self.look(found.target), found.how

    async def look(self, target: ObjectRef) -> Look:
        """Look at an object, and remember it as the one that is spoken of. Raises ClusterError."""
        started = time.monotonic()
        with self.screen.working(f"reading {target} and what stands around it"):
            look = await look_at(self.context.reader, target, self.clock)
        seconds = time.monotonic() - started
        for command in look.commands:
            self.record.add("read", command, seconds=seconds)
        self.last = look
        return look


def shown(command: str) -> str:
    """Return a command as it is shown while it runs."""
    line = " ".join(command.split())
    return line if line.startswith("kubectl") else f"kubectl {line}"
