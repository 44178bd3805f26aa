import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.agent.consultation.wording import camel, plain


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("![chart](https://evil.example/?q=abc)", "chart"),
        ("see [the docs](https://evil.example/x)", "see the docs"),
        ("[a [b](https://evil.example/1)](https://evil.example/2)", "a b"),
        ("see [here][1] [1]: https://evil.example", "see here [1]: (address left out)"),
        ("go to https://evil.example/?q=hunter2 now", "go to (address left out) now"),
        ("go to www.evil.example/abc now", "go to (address left out) now"),
        ("<https://evil.example/?q=abc>", "<(address left out)>"),
        ('<img src="//evil.example/?q=abc">gone', "gone"),
        ('<a href="javascript:x()">press</a>', "press"),
        ("https:<b x>//evil.example/?q=abc", "(address left out)"),
        ("www<b x>.evil.example/abc", "(address left out)"),
        ("see _https://evil.example/?q=abc_", "see _(address left out)"),
        ("see 1https://evil.example/?q=abc", "see 1(address left out)"),
        ("see _www.evil.example", "see _(address left out)"),
        ("it is ://", "it is (address left out)"),
        ("it is <none> or <pending>", "it is <none> or <pending>"),
        ("two\nlines\tand\x1b[31m a colour", "two lines and\ufffd[31m a colour"),
        ("in\u200bvis\u2060ible \u202eright", "invisible right"),
        ("the password=hunter2 is wrong", "the password=*** is wrong"),
        ("pass\u200bword=hunter2", "password=***"),
    ],
)
def test_a_models_words_lead_nowhere(said: str, shown: str) -> None:
    assert plain(said, 200) == shown


def test_an_address_that_was_seen_may_be_named_without_its_query() -> None:
    seen = "dial tcp: http://db:8080/health refused"
    assert plain("http://db:8080/health?q=hunter2 is down", 200, seen) == (
        "http://db:8080/health is down"
    )


@given(st.text(max_size=300))
def test_whatever_is_said_is_one_bounded_line(said: str) -> None:
    shown = plain(said, 80)
    assert len(shown) <= 80
    assert "\n" not in shown
    assert "://" not in shown


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("ImageNotFound", "ImageNotFound"),
        ("image not found!", "ImageNotFound"),
        ("OOMKilled", "OOMKilled"),
        ("", "Suspected"),
        ("***", "Suspected"),
        ("404", "Suspected"),
        ("a" * 500, "A" + "a" * 47),
    ],
)
def test_a_reason_is_one_word(said: str, word: str) -> None:
    assert camel(said) == word


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("http://db:8080/health", True),
        ("http://db.shop.svc/health", True),
        ("http://10.0.0.7:8080", True),
        ("postgres://db.shop.svc.cluster.local:5432/app", True),
        ("https://evil.example/fix", False),
        ("https://evil.example.local.evil.example/fix", False),
        ("https://db@evil.example/", False),
    ],
)
def test_a_strangers_address_is_no_recommendation_even_if_it_was_seen(
    address: str, stays: bool
) -> None:
    assert (plain(address, 200, address) == address) == stays
