"""A hundred orders of people, approvals, crashes and restarts: what must hold holds in each.

    make test-interleavings EXAMPLES=100 INTERLEAVINGS_SEED=1

The seed is printed in the header; the same one with the same numbers plays the same orders. To
read the story of each example: `.venv/bin/pytest tests/interleavings -o log_cli_level=INFO`.
"""

import asyncio
import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.interleavings.conftest import HAPPENED, SEED
from tests.interleavings.machine import Interleaving
from tests.interleavings.world import Ground

_EXAMPLES = int(os.environ.get("EXAMPLES") or 10)
_STEPS = 15
_EACH = 10
"""Examples in a part: later ones hypothesis would mostly make by mutating those it had."""


@pytest.mark.parametrize("part", range(-(-_EXAMPLES // _EACH)))
def test_whatever_the_order_nothing_runs_twice_unapproved_or_for_ever(
    part: int,
    ground: Ground,
    runner: asyncio.Runner,
    record_property: Callable[[str, object], None],
) -> None:
    examples = min(_EACH, _EXAMPLES - part * _EACH)
    machine = type("Interleaving", (Interleaving,), {"ground": ground, "runner": runner})
    seed(int(os.environ[SEED]) * 1000 + part)(machine)
    before = ground.happened.copy()

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples + 1,  # the first one is always the plainest there is
            stateful_step_count=_STEPS,
            deadline=None,  # pods take their time
            # Nothing is kept between runs: the seed says all. Nothing is made smaller: on a real
            # cluster that takes an hour, and the story says what happened.
            database=None,
            phases=(Phase.explicit, Phase.generate),
            print_blob=True,
            # Each example talks to a real API server hundreds of times: slow is what it is.
            suppress_health_check=(HealthCheck.too_slow,),
        ),
        _min_steps=_STEPS,
    )

    happened = ground.happened - before
    record_property(HAPPENED, dict(happened))
    assert happened["fixes"], "the orders were too tame to show anything"
