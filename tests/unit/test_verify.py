"""How long a fix gets: from its start, or from the last progress of the rollout it brought."""

from datetime import timedelta

import pytest

from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import Condition
from podiatrist.lifecycle.verify import out_of_time
from tests.unit.stories import NOW


def waiting(seconds_ago: float, reason: Reason = Reason.WAITING_FOR_ROLLOUT) -> Condition:
    return Condition(
        type="Verified",
        status="Unknown",
        reason=reason.value,
        last_transition_time=NOW - timedelta(seconds=seconds_ago),
    )


@pytest.mark.parametrize(
    ("started", "before", "over"),
    [
        (299, None, False),
        (301, None, True),
        (301, waiting(300), False),  # it got on since
        (2000, waiting(299), False),
        (2000, waiting(301), True),
        (3001, waiting(1), True),  # however much it gets on: ten times is enough
        (301, waiting(10, Reason.SOAKING), True),  # that was no progress of the rollout
    ],
)
def test_a_rollout_that_gets_on_has_more_time(
    started: float, before: Condition | None, over: bool
) -> None:
    assert out_of_time(NOW - timedelta(seconds=started), before, NOW, 300) is over
