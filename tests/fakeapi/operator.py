"""The real operator in a process of its own, talking to the fake API server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakeapi.server import FakeApi


@asynccontextmanager
async def operator(
    api: FakeApi, folder: Path, feed: str, settings: dict[str, str] | None = None
) -> AsyncIterator[Path]:
    """Run it until the block ends; yields the path of its log. It must not end by itself."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("PODIATRIST_")}
    environment = {**own, **(settings or {}), "KUBECONFIG": str(api.kubeconfig(folder))}
    path = folder / "operator.log"
    with path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "podiatrist", "operator", "--feed", feed),
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield path
            assert process.returncode is None, f"it ended early:\n{path.read_text()[-4000:]}"
        except TimeoutError as error:
            raise TimeoutError(f"its log ends with:\n{path.read_text()[-4000:]}") from error
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
