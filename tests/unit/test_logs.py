"""Log lines: JSON that names its Diagnosis, and no secret, whatever an exception says."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from podiatrist.cluster.log_context import about
from podiatrist.handlers.logs import JsonLines, TextLines


@pytest.fixture
def at_work() -> Iterator[None]:
    token = about.set(("shop", "web-7f3a9c"))
    yield
    about.reset(token)


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    raised = sys.exc_info() if error else None
    return logging.LogRecord("podiatrist.x", logging.INFO, "x.py", 1, message, arguments, raised)


def test_a_line_is_one_object_and_names_its_diagnosis(at_work: None) -> None:
    line = JsonLines().format(record("two\nlines of %s", "text"))
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "two\nlines of text"
    assert (told["namespace"], told["diagnosis"]) == ("shop", "web-7f3a9c")
    assert told["time"].endswith("+00:00")


def test_outside_of_any_work_no_diagnosis_is_named() -> None:
    assert "diagnosis" not in json.loads(JsonLines().format(record("starting")))


def test_a_secret_in_an_exception_does_not_come_out(at_work: None) -> None:
    try:
        raise ValueError("password=hunter2hunter2")
    except ValueError:
        made = record("it failed", error=True)
    for line in (JsonLines().format(made), TextLines().format(made)):
        assert "it failed" in line
        assert "hunter2" not in line


def test_lines_for_humans_name_it_once(at_work: None) -> None:
    assert TextLines().format(record("done")).endswith("done [shop/web-7f3a9c]")
    assert TextLines().format(record("shop/web-7f3a9c: done")).count("web-7f3a9c") == 1


def test_what_is_quoted_writes_no_line_and_no_colour_of_its_own() -> None:
    made = record("it said %s", "\x1b[31mred\u202e\n2026-11-28 INFO root: all is well")
    for line in (JsonLines().format(made), TextLines().format(made)):
        assert "all is well" in line
        assert not {"\n", "\x1b", "\u202e"} & set(line)
