"""Whatever happens to an executor at a write, the story ends as if nothing had happened.

The same state, conditions and workload, and, by the API server's audit log, the same changes,
each of them once. `make test-crash` plays all; what it prints names a failure's pattern:

    make test-crash CRASH_ONLY='helps: killed before*'
"""

from collections.abc import Mapping

import pytest

from tests.crash.performance import Performance
from tests.crash.play import Played

pytestmark = [pytest.mark.serial, pytest.mark.containers]


def test_stories_without_faults_end_as_they_should(
    performance: Performance, subtests: pytest.Subtests
) -> None:
    """What the others are held against is itself what it should be."""
    for name, played in performance.calm.items():
        with subtests.test(name):
            assert played.ending.state == played.story.end, played.told
            assert played.ending.changes, "nothing was done: nothing was tested"
            assert not played.repeated


def test_killed_or_unanswered_at_any_write(
    performance: Performance, subtests: pytest.Subtests
) -> None:
    _all_end_as_without_faults(performance, performance.at_points, subtests)


def test_every_second_write_is_refused(performance: Performance, subtests: pytest.Subtests) -> None:
    _all_end_as_without_faults(performance, performance.refused, subtests)


def test_two_executors_at_once(performance: Performance, subtests: pytest.Subtests) -> None:
    _all_end_as_without_faults(performance, performance.raced, subtests)


def _all_end_as_without_faults(
    performance: Performance, played: Mapping[str, Played], subtests: pytest.Subtests
) -> None:
    for name, one in played.items():
        with subtests.test(name):
            if not one.met:
                pytest.skip("this write did not come up this time")
            wrong = one.ending.differences(performance.calm[one.story.name].ending)
            wrong += [f"done more than once: {change}" for change in one.repeated]
            if wrong:
                pytest.fail("\n".join([name, *wrong, one.told, *one.log()]), pytrace=False)
