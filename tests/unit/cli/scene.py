"""Our commands on a cluster that holds some Diagnoses, as a user called alice runs them."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from click.testing import CliRunner, Result

from podiatrist.api.diagnosis import Diagnosis, State
from podiatrist.cli.main import main
from tests.fakeapi.server import FakeApi
from tests.unit.stories import diagnosis, option

FOUND = "Diagnosed=True:CauseFound"


class Scene:
    """A cluster; the context's namespace is `shop`. `run` runs one command on it."""

    def __init__(self, folder: Path, *stories: Diagnosis) -> None:
        self.folder = folder
        self.api = FakeApi()
        for told in stories:
            self.put(told)

    def put(self, told: Diagnosis) -> None:
        raw = told.model_dump(mode="json", by_alias=True, exclude_none=True)
        raw["metadata"].pop("resourceVersion", None)
        self.api.store.put("diagnoses", {"kind": "Diagnosis", **raw})

    def run(
        self,
        *arguments: str,
        command: click.Command = main,
        prog_name: str = "podiatrist",
        meanwhile: Callable[[], None] = lambda: None,
        answer: str | None = None,
    ) -> Result:
        async def story() -> Result:
            async with self.api.serve():
                config = json.loads(self.api.kubeconfig(self.folder).read_text())
                config["contexts"][0]["context"]["namespace"] = "shop"
                (self.folder / "kubeconfig").write_text(json.dumps(config))
                given = {"KUBECONFIG": str(self.folder / "kubeconfig"), "PATH": "", "COLUMNS": None}
                meanwhile()
                return await asyncio.to_thread(
                    CliRunner().invoke, command, arguments, env=given, prog_name=prog_name,
                    input=answer,
                )  # fmt: skip

        return asyncio.run(story())

    def annotations(self, name: str = "web-7f3a9c", namespace: str = "shop") -> dict[str, str]:
        body = self.api.store.get("diagnoses", namespace, name)
        assert body is not None
        found: dict[str, str] = json.loads(body)["metadata"].get("annotations", {})
        return {key.partition("/")[2]: value for key, value in found.items()}


def story(
    *facts: str,
    name: str = "web-7f3a9c",
    namespace: str = "shop",
    state: State | None = State.AWAITING_APPROVAL,
    digests: Sequence[str] = ("1a2b3c4d",),
    **more: str,
) -> Diagnosis:
    """Return a Diagnosis whose options were tried."""
    made = diagnosis(*(facts or (FOUND,)), options=[option(d, previewed=True) for d in digests],
                     **more)  # fmt: skip
    made.metadata.name, made.metadata.namespace, made.metadata.uid = name, namespace, f"uid-{name}"
    made.status.state = state
    return made
