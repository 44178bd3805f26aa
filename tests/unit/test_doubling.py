"""Pauses that double, for what never heals as well."""

import pytest

from podiatrist.cluster.doubling import doubled
from podiatrist.notify.back_off import back_off


@pytest.mark.parametrize(("times", "seconds"), [(0, 0.5), (1, 1.0), (3, 4.0), (7, 60.0)])
def test_it_doubles_up_to_a_bound(times: int, seconds: float) -> None:
    assert doubled(0.5, times, 60.0) == seconds


def test_what_fails_for_a_week_breaks_no_arithmetic() -> None:
    assert doubled(0.001, 10_000, 60.0) == 60.0
    assert back_off(10_000, 1.0) == 60.0
