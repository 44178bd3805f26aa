"""A role in this process: one step at a time, as a worker would, and started anew when it died."""

from collections.abc import Awaitable, Callable, Mapping

from podiatrist.api.diagnosis import Diagnosis
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.store import Store
from podiatrist.lifecycle.context import Context, Timing
from podiatrist.lifecycle.next_step import Step, next_steps
from podiatrist.lifecycle.worker import StepFunction
from tests.interleavings.clock import Clock
from tests.interleavings.wire import Interruption, Killed, Sent, Wire

TIMING = Timing(
    recheck=0.0, heal=0.0, soak=0, verify=20.0, give_up=1.5, approval_life=600.0, poll=0.0
)
"""Nothing is waited for but pods: the machine looks as often as it likes."""


class Role:
    """Operator or executor."""

    def __init__(
        self,
        name: str,
        client: Client,
        steps: Mapping[Step, StepFunction],
        clock: Clock,
        witness: Callable[[Sent], None],
    ) -> None:
        self.name = name
        self._client = client
        self._steps = steps
        self._clock = clock
        self._witness = witness
        self.deaths = 0
        self._start()

    def _start(self) -> None:
        """Forget everything that a process knows."""
        self._wire = Wire(self._client, self._clock, self._witness)
        self._context = Context(
            self._wire, Reader(self._wire), Store(self._wire), self._clock.now, TIMING
        )

    async def read(self, namespace: str, name: str) -> Diagnosis | None:
        """Return a Diagnosis as this role sees it now."""
        return await self._context.store.get(namespace, name)

    def due(self, reading: Diagnosis) -> Step | None:
        """Return what this role would do."""
        return next((s for s in next_steps(reading) if s in self._steps), None)

    async def step(
        self,
        reading: Diagnosis,
        *,
        switched_off: bool = False,
        interruption: Interruption | None = None,
        intruder: Callable[[], Awaitable[None]] | None = None,
    ) -> str:
        """Do what is due by a reading, which may be old; returns what came of it.

        What the worker takes for trouble of the cluster is taken for it here; anything else that
        a step raises is a defect, and goes through.
        """
        step = self.due(reading)
        if step is None:
            return "nothing to do"
        self._wire.arm(
            reading,
            switched_off=switched_off,
            interruption=interruption,
            intruder=intruder,
        )
        try:
            await self._steps[step](self._context, reading)
        except ClusterError as error:
            return f"{step}: {type(error).__name__}: {error}"
        except Killed:
            self.deaths += 1
            self._start()
            return f"{step}: killed"
        finally:
            self._wire.disarm()
        return str(step)
