"""A password that stands in a list of words is told by the word before it, or by the program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.cluster.redaction import redact
from podiatrist.cluster.redaction_words import (
    holds_secret_words,
    redact_words,
    with_masked_args,
    without_secret_words,
)

SECRET = "hunter2"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "words",
    [
        ["server", "--password", SECRET, "--verbose"],
        ["server", f"--password={SECRET}"],
        ["redis-server", "--requirepass", SECRET],
        ["redis-cli", "-a", SECRET],
        ["/usr/bin/mysql", "-u", "root", f"-p{SECRET}"],
        ["sshpass", "-p", SECRET, "ssh", "host"],
        ["mongosh", f"-p{SECRET}"],
        ["curl", "-u", f"root:{SECRET}", "http://db"],
        ["sh", "-c", f"mysql -p{SECRET}"],
    ],
)
def test_the_words_of_a_command_keep_a_password_to_themselves(words: list[str]) -> None:
    shown = redact_words(words)
    assert SECRET not in str(shown)
    assert len(shown) == len(words)
    assert shown[0] == words[0]
    assert redact_words(shown) == shown
    assert redact(json.dumps(shown)) == json.dumps(shown)
    assert holds_secret_words(words)


@pytest.mark.parametrize(
    "words",
    [
        ["httpd", "-f", "-p", "8080"],
        ["mysqld", "-p", "3306"],
        ["app", "-u", "1000:1000", "--token-file", "/run/token", "--port", "80"],
        ["app", "--password-file=/run/secrets/db"],
        ["ls", "-a", "/srv"],
    ],
)
def test_what_is_no_password_stays(words: list[str]) -> None:
    assert redact_words(words) == words
    assert not holds_secret_words(words)


def test_the_command_tells_of_its_arguments() -> None:
    shown = with_masked_args({"command": ["mysql"], "args": [f"-p{SECRET}", "shop"]})
    assert shown == {"command": ["mysql"], "args": ["-p***", "shop"]}


def test_lists_are_found_wherever_they_are_in_an_object() -> None:
    probe = {"exec": {"command": ["redis-cli", "-a", SECRET, "ping"]}, "periodSeconds": 5}
    hook = {"steps": [{"args": ["--token", SECRET]}, 7]}
    shown = without_secret_words({"probe": probe, "hook": hook})
    assert shown == {
        "probe": {"exec": {"command": ["redis-cli", "-a", "***", "ping"]}, "periodSeconds": 5},
        "hook": {"steps": [{"args": ["--token", "***"]}, 7]},
    }


@given(st.lists(st.one_of(st.text(max_size=9), st.sampled_from(["-p", "mysql", "-u", "--pw"]))))
def test_a_list_keeps_its_length_whatever_is_in_it(words: list[str]) -> None:
    assert len(redact_words(words)) == len(words)
