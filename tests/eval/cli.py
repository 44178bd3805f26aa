"""The command: `python -m tests.eval [--cases a,b] [--ways a,b] [--repeat N] [--replay]`."""

import argparse
import asyncio
import shutil
import signal
import tempfile
from pathlib import Path

import click

from podiatrist.agent.model import Model
from podiatrist.agent.models.make_model import make_model
from podiatrist.agent.models.settings import ModelSettings
from podiatrist.agent.recording.recorder import RecordingError, Replay
from podiatrist.analyzers import analyze
from podiatrist.cluster.kubectl import Kubectl
from tests.cluster import Cluster, current
from tests.cluster.progress import to_stderr
from tests.eval.bare_loop import MOST
from tests.eval.cases import EvalCase, load_cases
from tests.eval.plot import write_picture
from tests.eval.report import as_markdown, as_text, write_page
from tests.eval.runs import FOLDER, Row, Run, RunError
from tests.eval.stage import StageError, staged
from tests.eval.ways import LIMITS, WAYS, told
from tests.harness.install import identity, install
from tests.model.server import Server

INTERRUPTED = 130


def main() -> int:
    """Play what was not played yet, and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make eval", description="A bare loop and ours.")
    parser.add_argument("--cases", default="", help="some of tests/eval/cases.yaml: a,b")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of: " + ", ".join(WAYS))
    parser.add_argument("--repeat", type=int, default=0, help="runs of each (default: as recorded)")
    parser.add_argument("--replay", action="store_true", help="from recordings only")
    options = parser.parse_args()
    try:
        cases = load_cases([name for name in options.cases.split(",") if name])
        ways = [way for way in WAYS if way in options.ways.split(",")]
        runs = _runs(cases, ways, options.repeat or _recorded())
        if not options.replay:
            asyncio.run(_play_all(runs))
        rows, changed = asyncio.run(_rows(runs))
    except (ValueError, RunError, StageError) as error:
        to_stderr(f"error: {error}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        to_stderr("stopped; `make eval` goes on from here")
        return INTERRUPTED
    click.echo(as_text(rows, shutil.get_terminal_size().columns), nl=False)
    if len(rows) < len(runs):
        to_stderr(f"{len(rows)} of {len(runs)} runs; `make eval` plays the others")
    elif cases == load_cases() and ways == list(WAYS):
        write_page(as_markdown(rows, _by_rules(cases), Replay(runs[0].recording).name))
        write_picture(rows)
        to_stderr("docs/eval.md and docs/eval.svg are written")
    return 1 if changed or len(rows) < len(runs) else 0


def _runs(cases: list[EvalCase], ways: list[str], repeat: int) -> list[Run]:
    return [Run(case, way, n) for n in range(1, repeat + 1) for case in cases for way in ways]


def _recorded() -> int:
    """Return how often every case was played at most."""
    return max((int(f.stem.rsplit("-", 1)[1]) for f in FOLDER.glob("*/*.jsonl")), default=1)


async def _play_all(runs: list[Run]) -> None:
    """Play each run that has no recording, or one that our prompts have left behind."""
    wanted: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        try:
            if await run.row() is not None:
                continue
        except RecordingError as error:
            to_stderr(f"again, since {str(error).splitlines()[0]}")
        wanted.setdefault((run.number, run.case.fault), []).append(run)
    if not wanted:
        return
    model, cluster = _model(), _cluster()
    task = asyncio.current_task()
    assert task is not None
    # Else a SIGTERM would leave the case's namespace behind.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory() as folder:
        kubectl = Kubectl(cluster.kubectl, identity(cluster, "reader", Path(folder)), most=MOST)
        failed = 0
        for done, missing in enumerate(wanted.values(), 1):
            to_stderr(f"case {done} of {len(wanted)}: {missing[0].case.fault}")
            try:
                await _play(missing, model, cluster, kubectl)
                failed = 0
            except (RunError, StageError) as error:
                failed += 1
                if failed > 1:  # one may be bad luck
                    raise
                to_stderr(f"  left out: {error}")


async def _play(runs: list[Run], model: Model, cluster: Cluster, kubectl: Kubectl) -> None:
    """Play runs of one case, one after the other. Raises StageError, RunError."""
    async with staged(runs[0].case, cluster) as scene:
        for run in runs:
            await run.play(scene, model, kubectl)
            to_stderr(_line(await run.row()))


async def _rows(runs: list[Run]) -> tuple[list[Row], bool]:
    """Return how all recorded runs went, and whether some recording is no longer true."""
    rows: list[Row] = []
    changed = False
    for run in runs:
        try:
            row = await run.row()
        except RecordingError as error:
            to_stderr(f"not in the table: {error}")
            changed = True
        else:
            rows += [row] if row else []
    return rows, changed


def _line(row: Row | None) -> str:
    assert row is not None
    named = "names the cause" if row.named else "does NOT name the cause"
    said = " ".join(row.answer.split())[:160] or "nothing"
    return (
        f"  {row.way}: {named}, {row.tokens} tokens, {row.steps} steps, {row.seconds:.0f} s\n"
        f"    said: {said}"
    )


def _by_rules(cases: list[EvalCase]) -> str:
    """Return how often the rules alone name the cause."""
    named = 0
    for case in cases:
        results = analyze(Run(case, "ours").scene().snapshot)
        named += case.names_cause(told([result.finding for result in results]))
    return f"{named} of {len(cases)}"


def _model() -> Model:
    """Return the model of the settings, or the small one of this repository."""
    settings = ModelSettings(model_timeout=LIMITS.seconds)
    if not settings.model:
        server = Server(FOLDER)
        name = server.model()
        if name is None:
            raise RunError("no model answers; run: make model-up")
        settings = ModelSettings(
            model=name, model_url=server.url, model_tools="schema", model_timeout=LIMITS.seconds
        )
    model = make_model(settings)
    assert model is not None
    return model


def _cluster() -> Cluster:
    cluster = current()
    if cluster is None:
        raise RunError("no cluster; run: make cluster-up")
    install(cluster)
    return cluster
