"""The pages of docs/ that are written from the code are what the code says now."""

import re
from pathlib import Path

import pytest

from docs.site.crd_page import anchor
from docs.site.generated import PAGES
from docs.site.settings_page import listed
from podiatrist.api.conditions import Reason
from podiatrist.api.diagnosis import State
from podiatrist.handlers.operator_settings import OperatorSettings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_is_what_the_code_makes(page: Path) -> None:
    assert page.read_text("utf-8") == PAGES[page](), "run `make pages`"


def test_every_setting_is_on_the_page_once() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    named = re.findall(r"^\| `PODIATRIST_(\w+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in OperatorSettings.model_fields)


def test_the_sections_name_only_settings_that_there_are() -> None:
    assert listed() <= set(OperatorSettings.model_fields)


def test_what_a_setting_may_be_stands_beside_it() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    rows = {row.split("`")[1]: row for row in page.splitlines() if row.startswith("| `")}
    assert "| 604,800 s (7 days) |" in rows["PODIATRIST_KEEP"]
    assert "At least 0, at most 3,600." in rows["PODIATRIST_SOAK"]
    assert "One of `kopf`, `stream`." in rows["PODIATRIST_FEED"]
    assert "`DEBUG`" in rows["PODIATRIST_LOG_LEVEL"]
    assert "| empty |" in rows["PODIATRIST_MODEL_KEY"]


def test_every_object_of_a_diagnosis_has_a_section_that_its_fields_lead_to() -> None:
    page = (DOCS / "crd.md").read_text("utf-8")
    sections = {anchor(title) for title in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    linked = set(re.findall(r"\[object\]\(#([a-z-]+)\)", page))
    assert "statusoptionspreview" in linked
    assert linked <= sections
    assert len(sections) == len(re.findall(r"^## ", page, re.MULTILINE))


def test_every_reason_of_a_condition_is_told_and_no_other() -> None:
    page = (DOCS / "conditions.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| `(?:True|False|Unknown)", page, re.MULTILINE)
    assert set(told) == {reason.value for reason in Reason}


def test_every_state_is_told_and_no_other() -> None:
    page = (DOCS / "concepts.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE) == [state.value for state in State]
