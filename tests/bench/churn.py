"""What happens in the cluster that is played: changes of pods, the same for every listener."""

import time

from tests.bench.measure import SENT
from tests.fakeapi.pods import Generator, Object, crashed, unpullable
from tests.fakeapi.server import FakeApi

_SEED = 20261123


class Churn:
    """Pods of a cluster and a stream of changes to them: mostly noise, some of it sickness."""

    def __init__(self, pods: int) -> None:
        self._generator = Generator(_SEED)
        self.pods = self._generator.pods(pods)

    def change(self) -> Object:
        """Return the next changed pod: one in ten cannot pull, one in ten crashes."""
        pod = self._generator.pick(self.pods)
        if self._generator.often(0.1):
            return unpullable(pod)
        if self._generator.often(0.1):
            return crashed(pod)
        return pod

    def flood(self, api: FakeApi, count: int) -> list[bytes]:
        """Store `count` changes and return the lines that tell of them."""
        return [api.store.prepare("pods", self.change())[0] for _ in range(count)]

    def send_stamped(self, api: FakeApi) -> None:
        """Change one pod and tell of it now."""
        pod = self.change()
        stamp = {SENT: repr(time.monotonic())}
        api.store.put("pods", {**pod, "metadata": {**pod["metadata"], "annotations": stamp}})
