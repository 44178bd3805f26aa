"""One run of one agent on one fault: played once on the cluster, told from its recording."""

import gzip
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from podiatrist.agent.model import Model
from podiatrist.agent.recording.recorded_kubectl import RecordedKubectl, ReplayedKubectl
from podiatrist.agent.recording.recorder import Recorder, Replay, recorded, replayed
from podiatrist.agent.recording.recording_file import ModelExchange, read_recording
from podiatrist.cluster.kubectl import Kubectl
from tests.eval.bare_loop import bare_kubectl
from tests.eval.cases import EvalCase
from tests.eval.stage import Scene
from tests.eval.ways import LIMITS, WAYS, Means
from tests.harness import recording as snapshots

FOLDER = Path(__file__).resolve().parents[1] / "recordings" / "eval"


class RunError(Exception):
    """A run that says nothing about the agent; `str()` says what to do."""


@dataclass(frozen=True)
class Row:
    """How one run went."""

    case: str
    way: str
    number: int
    named: bool
    tokens: int
    steps: int
    seconds: float
    answer: str
    outcome: str


@dataclass(frozen=True)
class Run:
    """One run: which agent, which fault, which repetition."""

    case: EvalCase
    way: str
    number: int = 1
    folder: Path = FOLDER

    @property
    def recording(self) -> Path:
        """What went between the agent, its model and kubectl. It is there once the run is over."""
        return self.folder / self.case.fault / f"{self.way}-{self.number}.jsonl"

    @property
    def snapshot(self) -> Path:
        """What the agent started from."""
        return self.recording.with_suffix(".snapshot.json.gz")

    async def play(self, scene: Scene, model: Model, kubectl: Kubectl) -> None:
        """Let the agent work for real, and record it. Raises RunError."""
        self.recording.parent.mkdir(parents=True, exist_ok=True)
        self.forget()
        unfinished = self.recording.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as home, Recorder(model, unfinished) as recorder:
            tool = bare_kubectl(kubectl.binary, kubectl.kubeconfig, Path(home))
            means = Means(
                recorder,
                RecordedKubectl(kubectl, recorder),
                recorded(tool, recorder),
                recorder.clock,
            )
            await WAYS[self.way](scene, means)
        if why := _disturbed(unfinished):
            unfinished.unlink()
            raise RunError(f"{self.case.fault}, {self.way}: {why}, and run `make eval` again")
        snapshot = json.dumps(snapshots.dump(scene.snapshot), sort_keys=True).encode()
        self.snapshot.write_bytes(gzip.compress(snapshot, mtime=0))
        unfinished.rename(self.recording)

    async def row(self) -> Row | None:
        """Return how it went, None if it was not played.

        The agent works once more, on what was recorded. Raises ReplayMismatchError where it
        would say something else to the model today.
        """
        if not (self.recording.exists() and self.snapshot.exists()):
            return None
        scene, replay = self.scene(), Replay(self.recording)
        tool = replayed(bare_kubectl(Path("kubectl"), Path("nowhere"), Path("nowhere")), replay)
        answer = await WAYS[self.way](
            scene, Means(replay, ReplayedKubectl(replay), tool, replay.clock)
        )
        return Row(
            self.case.fault,
            self.way,
            self.number,
            self.case.names_cause(answer.text),
            answer.tokens,
            answer.steps,
            replay.clock(),
            answer.text,
            answer.outcome,
        )

    def scene(self) -> Scene:
        """Return what the agent started from."""
        with tempfile.NamedTemporaryFile() as plain:
            Path(plain.name).write_bytes(gzip.decompress(self.snapshot.read_bytes()))
            snapshot = snapshots.load(Path(plain.name))
        return Scene(self.case, snapshot.namespace, snapshot)

    def forget(self) -> None:
        """Delete the recording."""
        self.recording.unlink(missing_ok=True)
        self.snapshot.unlink(missing_ok=True)


_DISTURBED = {
    "UnreachableModelError": "the model gave no answer; see that it is up",
    "MisconfiguredModelError": "the model refused to answer; look at its settings",
    "TimeoutError": "the model was too slow; end what else runs on this machine",
}


def _disturbed(recording: Path) -> str:
    """Return why a run tells of the machine and not of the agent; "" where it does not."""
    asked = [e for e in read_recording(recording).exchanges if isinstance(e, ModelExchange)]
    wrong = [_DISTURBED[e.answer["error"]] for e in asked if e.answer.get("error") in _DISTURBED]
    if not asked:
        wrong.append("the model was not asked; see that the cluster is up")
    elif asked[-1].at > LIMITS.seconds / 2:  # before limits change what the agent does
        wrong.append(_DISTURBED["TimeoutError"])
    return next(iter(wrong), "")
