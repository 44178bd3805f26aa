"""What `/metrics` tells; docs/operations.md explains each name.

Counters begin anew with each run of a role, as counters may. Of the replicas of a role only the one
that leads counts Diagnoses; operator and executor both do, so look at one of the two.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from podiatrist.cluster.traffic import Traffic
from podiatrist.handlers.pulse import Pulse

_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """The numbers of one process, and where they are read from."""

    def __init__(self, pulse: Pulse, traffic: Traffic) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Watches(pulse))
        self.counts("api_requests", "Requests to the API server.", ("verb", "code"),
                    lambda: list(traffic.requests.items()))  # fmt: skip
        self._gauge("leader", "Whether this process does the work of its role.").set_function(
            lambda: float(pulse.leading)
        )
        self._queues = Gauge(
            "podiatrist_queue_length", "Names that wait for a look, due or not.", ["queue"],
            registry=self.registry,
        )  # fmt: skip
        self.diagnoses = Gauge(
            "podiatrist_diagnoses", "Diagnoses in the cluster, by state.", ["state"],
            registry=self.registry,
        )  # fmt: skip
        self.ended = self._counter(
            "diagnoses_ended", "Diagnoses that came to an end.", "state", "reason"
        )
        self.rejected = self._counter(
            "diagnoses_rejected",
            "Diagnoses that a human rejected; false_alarm where the annotation says false-alarm.",
            "false_alarm", "reason",
        )  # fmt: skip
        self.time_to_diagnosis = Histogram(
            "podiatrist_time_to_diagnosis_seconds",
            "From the making of a Diagnosis to its first findings.",
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.time_to_end = Histogram(
            "podiatrist_time_to_success_seconds",
            "From the making of a Diagnosis to its first fix that was verified.",
            buckets=(60, 120, 300, 600, 1800, 3600, 14400, 86400), registry=self.registry,
        )  # fmt: skip
        self.model_calls = self._counter("model_calls", "Requests to the model.", "model")
        self.model_tokens = self._counter(
            "model_tokens", "Tokens sent to and received from the model.", "model", "direction"
        )
        self.model_cost = self._counter(
            "model_cost", "Money spent on the model, where prices are configured.", "model"
        )

    def queue(self, name: str, length: Callable[[], int]) -> None:
        """Tell of a queue."""
        self._queues.labels(name).set_function(lambda: float(length()))

    def model(self, name: str, *, priced: bool) -> None:
        """Let what a model uses be there at 0; money only where it has a price."""
        self.model_calls.labels(name)
        for direction in ("sent", "received"):
            self.model_tokens.labels(name, direction)
        if priced:
            self.model_cost.labels(name)

    def budget(self, left: Callable[[], int | None], refused: Callable[[], int]) -> None:
        """Tell how many tokens of the day are left, once that is known, and who got none."""
        self.registry.register(_Budget(left))
        self.counts("consultations_refused", "Consultations that the day's budget refused.", (),
                    lambda: [((), refused())])  # fmt: skip

    def held_back(self, count: Callable[[], int]) -> None:
        """Tell how many Diagnoses were held back; the log says in which namespaces."""
        self.counts("diagnoses_held_back", "Diagnoses over the hourly limits.", (),
                    lambda: [((), count())])  # fmt: skip

    def counts(
        self, name: str, what: str, labels: tuple[str, ...],
        read: Callable[[], Iterable[tuple[tuple[str, ...], int]]],
    ) -> None:  # fmt: skip
        """Tell of counters that something else keeps."""
        self.registry.register(_Counts(f"podiatrist_{name}", what, labels, read))

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"podiatrist_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(f"podiatrist_{name}", what, registry=self.registry)


class _Counts(Collector):
    def __init__(
        self, name: str, what: str, labels: tuple[str, ...],
        read: Callable[[], Iterable[tuple[tuple[str, ...], int]]],
    ) -> None:  # fmt: skip
        self._name, self._what, self._labels, self._read = name, what, labels, read

    def collect(self) -> Iterator[Metric]:
        """Read the counts now."""
        family = CounterMetricFamily(self._name, self._what, labels=self._labels)
        for labels, count in list(self._read()):
            family.add_metric(list(labels), count)
        yield family


class _Watches(Collector):
    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        """Read the ages now."""
        family = GaugeMetricFamily(
            "podiatrist_watch_age_seconds", "Since a watch brought something.", labels=("watch",)
        )
        for watch, age in self._pulse.ages().items():
            family.add_metric([watch], age)
        yield family


class _Budget(Collector):
    def __init__(self, left: Callable[[], int | None]) -> None:
        self._left = left

    def collect(self) -> Iterator[Metric]:
        """Read it now; nothing while it is not known."""
        left = self._left()
        if left is not None:
            yield GaugeMetricFamily(
                "podiatrist_model_tokens_left", "Tokens left of this day's budget.", value=left
            )
