"""How old an approval is: as it was stamped, or where nothing stamps, as managedFields tells."""

from datetime import timedelta
from typing import Any

import pytest

from podiatrist.api import names
from podiatrist.lifecycle.approval.approval_age import approved_at, too_old
from tests.unit.stories import NOW, diagnosis

LIFE = 600.0


def entry(age: float) -> dict[str, Any]:
    return {
        "manager": "kubectl-annotate",
        "operation": "Update",
        "time": (NOW - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{names.APPROVE}": {}}}},
    }


def said(stamped: float | str | None, entry_age: float | None) -> str | None:
    story = diagnosis("Diagnosed=True:CauseFound", approve="9f3c2a7b")
    if stamped is not None:
        at = stamped if isinstance(stamped, str) else str(entry(stamped)["time"])
        story.metadata.annotations[names.APPROVED_AT] = at
    story.metadata.managed_fields = [] if entry_age is None else [entry(entry_age)]
    return too_old(story, NOW, LIFE)


@pytest.mark.parametrize(("stamped", "entry_age"), [(1, None), (1, 9999), (599, 1), (None, 599)])
def test_a_fresh_approval_counts(stamped: float | None, entry_age: float | None) -> None:
    assert said(stamped, entry_age) is None


@pytest.mark.parametrize(("stamped", "entry_age"), [(602, None), (602, 1), (None, 602)])
def test_an_old_one_does_not_however_young_its_entry_is(
    stamped: float | None, entry_age: float | None
) -> None:
    message = said(stamped, entry_age)
    assert message is not None
    assert "too long ago; approve again with: kubectl -n shop annotate diagnosis" in message


@pytest.mark.parametrize("stamped", ["", "yesterday", "2026-11-03T12:00:00", None])
def test_one_of_which_nobody_knows_the_age_does_not(stamped: str | None) -> None:
    message = said(stamped, None)
    assert message is not None
    assert message.startswith("the API server does not say when it was approved; approve again")


def test_a_stamp_that_says_nothing_is_not_made_up_for() -> None:
    story = diagnosis("Diagnosed=True:CauseFound", approve="9f3c2a7b")
    story.metadata.annotations[names.APPROVED_AT] = "soon"
    story.metadata.managed_fields = [entry(1)]
    assert approved_at(story) is None
