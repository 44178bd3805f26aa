"""Conditions and the state they amount to, names, and text that crosses our border."""

from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from podiatrist.api import names
from podiatrist.api.conditions import (
    ConditionType,
    Reason,
    condition,
    derive_state,
    drop_condition,
    set_condition,
)
from podiatrist.api.diagnosis import (
    Diagnosis,
    Evidence,
    Line,
    Option,
    Preview,
    Quote,
    State,
    Status,
)
from podiatrist.api.text import clean
from tests.unit.stories import NOW, diagnosis, option


# What the story has come to, as "Type=Status:Reason" in order of time.
@pytest.mark.parametrize(
    ("facts", "options", "state"),
    [
        ([], [], State.INVESTIGATING),
        (["Diagnosed=Unknown:RetryAsked"], [], State.INVESTIGATING),
        (["Diagnosed=False:TargetNotFound"], [], State.FAILED),
        (["Diagnosed=True:CauseFound"], [], State.NEEDS_HUMAN),
        (["Diagnosed=True:CauseFound"], [None], State.AWAITING_APPROVAL),
        (["Diagnosed=True:CauseFound"], [False], State.NEEDS_HUMAN),
        (["Diagnosed=True:CauseFound"], [False, True], State.AWAITING_APPROVAL),
        (["Diagnosed=True:CauseFound", "Approved=True:DigestMatched"], [True], State.EXECUTING),
        (["Diagnosed=True:x", "Approved=False:UnknownDigest"], [True], State.AWAITING_APPROVAL),
        (["Diagnosed=True:x", "Approved=False:Rejected"], [True], State.REJECTED),
        (["Diagnosed=True:x", "Approved=False:Expired"], [True], State.EXPIRED),
        (["Diagnosed=True:x", "Verified=Unknown:SymptomGone"], [True], State.AWAITING_APPROVAL),
        (["Diagnosed=True:x", "Verified=True:WentAway"], [True], State.RESOLVED),
        (["Approved=True:x", "Executed=Unknown:Started"], [True], State.EXECUTING),
        (["Approved=True:x", "Executed=False:PatchRefused"], [True], State.FAILED),
        (["Executed=True:PatchesApplied"], [True], State.VERIFYING),
        (["Executed=True:x", "Verified=Unknown:Soaking"], [True], State.VERIFYING),
        (["Executed=True:x", "Verified=True:ChecksPassed"], [True], State.SUCCEEDED),
        (["Executed=True:x", "Verified=False:FixDidNotHelp"], [True], State.VERIFYING),
        (["Executed=True:x", "Verified=False:RolledBack"], [True], State.ROLLED_BACK),
        (["Executed=True:x", "Verified=False:RollbackRefused"], [True], State.FAILED),
    ],
)
def test_the_state_follows_from_the_conditions(
    facts: list[str], options: list[bool | None], state: State
) -> None:
    offered = [option(str(i), previewed=ok) for i, ok in enumerate(options)]
    assert derive_state(diagnosis(*facts, options=offered).status) is state


STATUSES = st.sampled_from(["True", "False", "Unknown"])


@given(st.dictionaries(st.sampled_from(get_args(ConditionType)), STATUSES), st.sampled_from(Reason))
def test_any_conditions_amount_to_a_state(facts: dict[str, str], reason: Reason) -> None:
    told = [f"{kind}={status}:{reason}" for kind, status in facts.items()]
    assert derive_state(diagnosis(*told).status) in State


def test_a_condition_keeps_its_time_until_status_or_reason_changes() -> None:
    story = diagnosis()
    later = NOW + timedelta(minutes=1)

    def at(reason: Reason, message: str, now: datetime, value: Any = "Unknown") -> datetime:
        set_condition(story, "Verified", value, reason, message, now)
        found = condition(story.status, "Verified")
        assert found is not None
        assert found.message == message
        return found.last_transition_time

    assert at(Reason.SOAKING, "0 of 60 s", NOW) == NOW
    assert at(Reason.SOAKING, "30 of 60 s", later) == NOW
    assert at(Reason.WAITING_FOR_ROLLOUT, "1 of 2", later) == later
    assert at(Reason.WAITING_FOR_ROLLOUT, "1 of 2", NOW, "True") == NOW
    assert len(story.status.conditions) == 1


def test_a_condition_that_is_no_longer_true_of_anything_goes() -> None:
    story = diagnosis("Diagnosed=True:x", "Approved=False:y", "Verified=Unknown:z")
    drop_condition(story, "Approved", "Verified", "Executed")
    assert [c.type for c in story.status.conditions] == ["Diagnosed"]


def test_a_time_is_written_as_kubernetes_writes_it() -> None:
    (written,) = diagnosis("Diagnosed=True:x").status.model_dump(by_alias=True)["conditions"]
    assert written["lastTransitionTime"] == "2026-11-03T12:00:00Z"


def test_names_differ_by_uid_and_episode() -> None:
    one = names.diagnosis_name("web", "uid-1")
    made = {one, names.diagnosis_name("web", "uid-2"), names.diagnosis_name("web", "uid-1", 2)}
    assert len(made) == 3
    assert all(name.startswith("web-") for name in made)
    assert names.diagnosis_name("web", "uid-1", 2) == f"{one}-2"
    assert one == names.diagnosis_name("web", "uid-1")


@given(
    st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True),
    st.uuids().map(str),
    st.integers(1, 99_999),
)
def test_every_name_is_one_that_an_object_may_have(owner: str, uid: str, episode: int) -> None:
    name = names.diagnosis_name(owner, uid, episode)
    assert len(name) <= 253
    assert name[0].isalnum()
    assert name[-1].isalnum()
    assert names.episode_of(name) == episode


def test_a_write_is_made_as_its_diagnosis_and_option() -> None:
    assert names.field_manager("web-7f3a9c", "9f3c2a7b") == "podiatrist/web-7f3a9c/9f3c2a7b"


@example(owner="a" * 253, digest="9f3c2a7b")
@given(owner=st.text("abc-", max_size=253), digest=st.text("0123456789abcdef", max_size=64))
def test_whom_a_write_is_made_as_fits_and_keeps_diagnoses_apart(owner: str, digest: str) -> None:
    made = {names.field_manager(names.diagnosis_name(owner, u, 2), digest) for u in ("a", "b")}
    assert len(made) == 2
    assert all(len(m) <= 128 and m.isascii() and m.isprintable() for m in made)


@pytest.mark.parametrize("name", ["web-7f3a9c", "web-123456", "web", "web-7f3a9c-two", "web-²"])
def test_a_name_without_episode_is_the_first(name: str) -> None:
    assert names.episode_of(name) == 1


LINE: TypeAdapter[str] = TypeAdapter(Line)
QUOTE: TypeAdapter[str] = TypeAdapter(Quote)


@given(st.text(st.characters(), max_size=700))
def test_whatever_is_told_fits_and_can_be_written(told: str) -> None:
    line, quote = LINE.validate_python(told), QUOTE.validate_python(told)
    assert len(line) <= 256
    assert len(quote) <= 512
    assert quote in clean(told)
    for text in (line, quote):
        text.encode()
        assert not any(ord(c) < 32 and c not in "\t\n" for c in text)


def test_a_cut_is_marked_in_our_words_and_never_in_a_quote() -> None:
    assert LINE.validate_python("x" * 257) == "x" * 255 + "…"
    assert LINE.validate_python("x" * 256) == "x" * 256
    assert Evidence(source="s", quote="x" * 600).quote == "x" * 512


@pytest.mark.parametrize("sly", ["\x1b[31m", "\u202e", "\u2066", "\ud800", "\x00", "\x9b"])
def test_what_makes_a_terminal_lie_is_replaced(sly: str) -> None:
    assert clean(f"a{sly[0]}b") == "a\ufffdb"


def test_an_unknown_field_of_a_newer_version_is_no_error() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "since": 1}
    raw = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"target": target}, "new": {}}
    assert Diagnosis.model_validate(raw).spec.target.name == "web"


def test_options_are_found_by_their_digest() -> None:
    found: list[Option] = [option("a"), option("b", previewed=True)]
    story = diagnosis(options=found)
    assert story.option("b") == found[1]
    assert story.option("c") is None
    assert found[1].preview == Preview(ok=True, message="tried")
    assert Status().options == []
