"""What an approval is held against before anybody asks the cluster."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from podiatrist.api.conditions import condition
from podiatrist.api.diagnosis import Diagnosis, Preview
from podiatrist.lifecycle.approval.judge_approval import judge_approval
from podiatrist.lifecycle.context import Context
from tests.unit.stories import NOW, diagnosis, option

FOUND = "Diagnosed=True:CauseFound"


def judged(story: Diagnosis) -> tuple[str, str, str]:
    """Judge an approval where no cluster may be asked; returns the condition Approved."""

    async def write_status(_: Diagnosis) -> None:
        return None

    store = SimpleNamespace(write_status=write_status)
    context = SimpleNamespace(store=store, clock=lambda: NOW)
    asyncio.run(judge_approval(cast(Context, context), story))
    found = condition(story.status, "Approved")
    assert found is not None
    return found.status, found.reason, found.message


def test_another_option_of_the_same_digest_is_not_what_was_approved() -> None:
    """Swapped after the approval, it was previewed anew: that preview nobody saw."""
    offered = option()
    offered.preview = Preview(ok=True, message="accepted", id="second")
    story = diagnosis(FOUND, options=[offered], approve=offered.digest, **{"approved-by": "alice"},
                      **{"approved-preview": "first"})  # fmt: skip
    status, reason, message = judged(story)
    assert (status, reason) == ("False", "StaleDigest")
    assert "offered anew after it was approved" in message


@pytest.mark.parametrize("preview", [None, Preview(ok=False, message="quota is full")])
def test_what_could_not_be_tried_is_not_run(preview: Preview | None) -> None:
    offered = option()
    offered.preview = preview
    status, reason, _ = judged(diagnosis(FOUND, options=[offered], approve=offered.digest))
    assert (status, reason) == ("False", "OptionNotRunnable")


def test_a_digest_of_no_option_is_told_apart_from_one_of_the_past() -> None:
    story = diagnosis(FOUND, options=[option()], approve="deadbeef")
    assert judged(story)[:2] == ("False", "UnknownDigest")
    story.status.superseded = ["deadbeef"]
    assert judged(story)[:2] == ("False", "StaleDigest")
