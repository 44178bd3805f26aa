"""Which faults are played in which story. The points come from runs without faults."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.crash.play import Played
from tests.crash.stories import STORIES, Story
from tests.harness.api_faults import AtPoint, EverySecond, How, NoFault, Point, Slow
from tests.harness.faulty_api import Fault

_REFUSALS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError"}
_DRY_RUNS = 2
"""A dry run changes nothing: its first times stand for all others of the same."""
_LONGEST = 0.7
"""Seconds by which a write, and its answer, is held up where two executors race."""


@dataclass(frozen=True)
class Plan:
    """A story to be played, with the faults of each of its executors."""

    name: str
    story: Story
    faults: Callable[[], Sequence[Fault]] = field(repr=False)
    """Makes them anew: a fault remembers what it saw."""


def calm_plans() -> list[Plan]:
    """Return each story without faults."""
    return [Plan(story.name, story, lambda: [NoFault()]) for story in STORIES]


def point_plans(calm: Mapping[str, Played]) -> list[Plan]:
    """Return every story with every way to fail at every one of its writes."""
    return [
        Plan(f"{story.name}: {how} `{point}`", story, _at(point, how))
        for story in STORIES
        for point in points(calm[story.name])
        for how in How
        if how is not How.LATE or not point.dry_run
    ]


def points(calm: Played) -> Iterator[Point]:
    """Yield the writes of a run without faults that the API server accepted or refused itself."""
    seen: Counter[str] = Counter()
    for written in calm.writes:
        title = written.write.title
        seen[title] += 1
        if not written.write.dry_run or seen[title] <= _DRY_RUNS:
            yield Point(title, seen[title])


def refusal_plans() -> list[Plan]:
    """Return every story with every second write refused, by each kind of refusal."""
    return [
        Plan(f"{story.name}: {status} at every second write", story, _refused(status, reason))
        for story in STORIES
        for status, reason in _REFUSALS.items()
    ]


def race_plans(dice: random.Random, rounds: int) -> list[Plan]:
    """Return every story with two executors at once, so and so many times."""
    return [
        Plan(f"{story.name}: two executors at once, seed {seed}", story, _raced(seed))
        for story in STORIES
        for seed in (dice.randrange(10_000) for _ in range(rounds))
    ]


def _at(point: Point, how: How) -> Callable[[], Sequence[Fault]]:
    return lambda: [AtPoint(point, how)]


def _refused(status: int, reason: str) -> Callable[[], Sequence[Fault]]:
    return lambda: [EverySecond(status, reason)]


def _raced(seed: int) -> Callable[[], Sequence[Fault]]:
    dice = random.Random(seed)  # noqa: S311 - a reproducible test
    return lambda: [Slow(dice, _LONGEST), Slow(dice, _LONGEST)]
