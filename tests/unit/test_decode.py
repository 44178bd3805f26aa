"""Pages of lists from their bytes: what is odd costs at most itself."""

import json

import pytest

from podiatrist.cluster.objects import Event, Pod
from podiatrist.cluster.objects.base import decode, decode_page


def page(*items: str) -> bytes:
    return b'{"metadata":{"continue":"more"},"items":[' + ",".join(items).encode() + b"]}"


def named(name: str, **more: object) -> str:
    return json.dumps({"metadata": {"name": name}, **more})


GOOD = named("good", message="fine")


@pytest.mark.parametrize(
    "odd",
    [
        '{"metadata":{"name":"odd"},"message":"a lone \\ud800 surrogate"}',
        '{"metadata":{"name":"odd"},"message":"a NUL \\u0000"}',
        '{"metadata":{"name":"odd","labels":null},"message":null,"involvedObject":null}',
        '{"metadata":{"name":"odd"},"count":null,"newField":{"from":"tomorrow"}}',
    ],
)
def test_odd_but_readable_items_are_read(odd: str) -> None:
    items, token = decode_page(page(odd, GOOD), Event)
    assert [e.metadata.name for e in items] == ["odd", "good"]
    assert token == "more"  # noqa: S105 - a page's


@pytest.mark.parametrize(
    "odd",
    [
        '{"metadata":"no object"}',
        '{"count":"many"}',
        "17",
        "null",
        '{"metadata":{"name":"deep"},"message":' + "[" * 60 + "]" * 60 + "}",
    ],
)
def test_unreadable_items_are_left_out(odd: str) -> None:
    items, token = decode_page(page(odd, GOOD), Event)
    assert [e.metadata.name for e in items] == ["good"]
    assert token == "more"  # noqa: S105 - a page's


def test_bytes_that_are_no_text_are_replaced() -> None:
    body = page(GOOD).replace(b"fine", b"f\xff\xfe")
    assert [e.message for e in decode_page(body, Event)[0]] == ["f��"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"items":{}}', b'{"items":[' + b"[" * 200_000]
)
def test_what_is_no_list_is_an_empty_page(body: bytes) -> None:
    assert decode_page(body, Pod) == ([], "")


def test_a_single_object_is_decoded_the_same_way() -> None:
    found = decode(b'{"metadata":{"name":"p"},"status":null}', Pod)
    assert found is not None
    assert found.metadata.name == "p"
    assert decode(b"{", Pod) is None
