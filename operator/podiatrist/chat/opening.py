"""Opens a conversation's session, and closes what it opened."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from podiatrist.chat.identity import Identity, helpers, identity
from podiatrist.chat.journal import Journal, state_folder
from podiatrist.chat.screen import Screen
from podiatrist.chat.session import Session, now
from podiatrist.cluster.connect import connect
from podiatrist.cluster.kubectl import Kubectl, find_kubectl

NO_MODEL = """\
no model is configured. Set its name and where it is, for a local one for example:
  export PODIATRIST_MODEL=qwen2.5-coder PODIATRIST_MODEL_URL=http://127.0.0.1:8080/v1
for one with a key:
  export PODIATRIST_MODEL=gpt-5 PODIATRIST_MODEL_KEY=...
A model that cannot call tools: PODIATRIST_MODEL_TOOLS=schema"""


@dataclass(frozen=True)
class Door:
    """What the user said of the cluster on the command line."""

    kubeconfig: str
    """One file or several, as KUBECONFIG has them; empty: ~/.kube/config."""
    context: str | None = None
    namespace: str | None = None


@asynccontextmanager
async def open_session(door: Door, screen: Screen) -> AsyncIterator[tuple[Session, Identity]]:
    """Open a session with the user's own rights. Raises ClusterError with what to do."""
    kubectl = find_kubectl(os.environ.get("PODIATRIST_KUBECTL"))
    with tempfile.TemporaryDirectory(prefix="podiatrist-chat-") as folder:
        who = identity(door.kubeconfig, door.context, door.namespace, kubectl, Path(folder))
        async with connect(who.kubeconfig, "podiatrist-chat", context=who.context) as client:
            runner = Kubectl(
                kubectl,
                who.kubeconfig,
                namespace=who.namespace,
                context=who.context,
                environment=helpers(os.environ),
            )
            journal = Journal(state_folder(dict(os.environ)), who.server, now)
            yield Session(client, runner, screen, journal, who.namespace), who
