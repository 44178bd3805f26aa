import json
from typing import Any

import pytest

from podiatrist.agent.consultation.report import Report, report_of
from podiatrist.agent.messages import Call
from podiatrist.agent.tool import Tool, ToolError

ACTION = {"type": "object", "properties": {"type": {"enum": ["Scale"]}}, "required": ["type"]}
CLAIM = {"reason": "Oom", "message": "too little memory", "quotes": ["reason: OOMKilled"]}


async def nothing(_: Any) -> str:
    return ""


def parse(report: dict[str, Any]) -> Report:
    tool = Tool("report", "", report_of([ACTION]), nothing)
    parsed = tool.parse(Call("1", "report", json.dumps(report)))
    assert isinstance(parsed, Report)
    return parsed


def test_the_schema_is_whole_and_without_titles_and_references() -> None:
    text = json.dumps(report_of([ACTION]).model_json_schema())
    assert '"$ref"' not in text
    assert '"title"' not in text
    assert '"Scale"' in text


def test_where_nothing_can_be_suggested_the_schema_does_not_speak_of_it() -> None:
    assert "suggestions" not in report_of([]).model_json_schema()["properties"]


def test_a_report_that_suggests_without_being_asked_is_still_a_report() -> None:
    suggestion = {"why": "so", "actions": [{"type": "Scale"}]}
    tool = Tool("report", "", report_of([]), nothing)
    told = json.dumps({"claims": [CLAIM], "suggestions": [suggestion]})
    parsed = tool.parse(Call("1", "report", told))
    assert isinstance(parsed, Report)
    assert len(parsed.suggestions) == 1


def test_of_too_much_the_first_is_taken() -> None:
    suggestion = {"why": "so", "actions": [{"type": "Scale"}] * 9}
    report = parse({"claims": [CLAIM] * 9, "suggestions": [suggestion] * 9})
    assert len(report.claims) == 4
    assert len(report.suggestions) == 2
    assert len(report.suggestions[0].actions) == 4


def test_one_quote_needs_no_brackets() -> None:
    report = parse({"claims": CLAIM | {"quotes": "reason: OOMKilled"}})
    assert report.claims[0].quotes == ["reason: OOMKilled"]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"claims": [CLAIM | {"quotes": []}]},
        {"claims": [CLAIM | {"quotes": 7}]},
        {"claims": "nothing"},
        {"claims": [CLAIM], "approve": "9f3c2a7b"},
    ],
)
def test_what_is_no_report_gets_a_hint(wrong: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="wrong arguments for report"):
        parse(wrong)
