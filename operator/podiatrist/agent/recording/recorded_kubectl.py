"""kubectl beside a recorded model: what it said is recorded too, and said again in a replay."""

from pathlib import Path

from podiatrist.agent.recording.recorder import Recorder, Replay
from podiatrist.agent.recording.recording_file import Part
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import Kubectl, Output, RefusedCommandError

_TOOL = "kubectl"
_REFUSED = "RefusedCommandError"


class RecordedKubectl(Kubectl):
    """The given kubectl; what it says and refuses goes to the recorder's file."""

    def __init__(self, kubectl: Kubectl, recorder: Recorder) -> None:
        vars(self).update(vars(kubectl))
        self._recorder = recorder

    async def run(self, line: str) -> Output:
        """Run one line; see Kubectl."""
        asked = _asked(line, self)
        try:
            output = await super().run(line)
        except RefusedCommandError as error:
            self._recorder.tool(_TOOL, asked, {"error": _REFUSED, "message": str(error)})
            raise
        except ClusterError as error:
            self._recorder.tool(_TOOL, asked, {"error": "ClusterError", "message": str(error)})
            raise
        answer = {"command": output.command, "text": output.text, "ok": output.ok}
        self._recorder.tool(_TOOL, asked, answer)
        return output


class ReplayedKubectl(Kubectl):
    """Runs nothing: says what kubectl said when the recording was made."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(Path("kubectl"), Path("nowhere"))
        self._replay = replay

    async def run(self, line: str) -> Output:
        """Return what this line once showed, or raise what it raised; ReplayMismatchError."""
        answer = self._replay.tool(_TOOL, _asked(line, self))
        if "error" in answer:
            kind = RefusedCommandError if answer["error"] == _REFUSED else ClusterError
            raise kind(answer["message"])
        return Output(answer["command"], answer["text"], answer["ok"])


def _asked(line: str, kubectl: Kubectl) -> Part:
    return {"line": line, "namespace": kubectl.namespace or ""}
