"""One attempt against real servers: what passes, what does not, and what an error may say."""

import asyncio
import ssl
import subprocess
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from podiatrist.cluster.retry_after import seconds_to_wait
from podiatrist.notify.back_off import back_off
from podiatrist.notify.post import SinkDownError, SinkRefusedError, poster
from podiatrist.notify.sink import Request
from tests.unit.notify.receiver import TOKEN, Answer, Receiver, garbage, hang, receiving, status

REQUEST = Request(b'{"id": "1"}', {"Content-Type": "application/json"})


def tried(
    *answers: Answer, tls: ssl.SSLContext | None = None, seconds: float = 5
) -> tuple[Receiver, SinkDownError | SinkRefusedError | None]:
    """Post once; returns the receiver and what was raised."""

    async def story() -> tuple[Receiver, SinkDownError | SinkRefusedError | None]:
        async with receiving(*answers, tls=tls) as receiver, poster(seconds) as post:
            try:
                await post(receiver.url, REQUEST)
            except (SinkDownError, SinkRefusedError) as error:
                return receiver, error
            return receiver, None

    receiver, error = asyncio.run(story())
    assert error is None or TOKEN not in "".join(traceback.format_exception(error))
    return receiver, error


@pytest.mark.parametrize("code", [200, 202, 204])
def test_it_arrives(code: int) -> None:
    receiver, error = tried(status(code))
    assert error is None
    assert receiver.ids == ["1"]
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert receiver.headers[0]["User-Agent"] == "podiatrist"


def test_429_and_503_say_when_to_come_back() -> None:
    for code in (429, 503):
        _, error = tried(status(code, Retry_After="7"))
        assert isinstance(error, SinkDownError)
        assert (str(error), error.retry_after) == (f"HTTP {code}", 7.0)


def test_a_signed_url_arrives_as_it_was_given() -> None:
    signed = "/hook/a%2Fb?sig=x%2By%3D&sp=%2Ftriggers%2Frun+now"

    async def story() -> list[str]:
        async with receiving() as receiver, poster(5) as post:
            base = receiver.url.get_secret_value().partition("/hook")[0]
            await post(SecretStr(base + signed), REQUEST)
            return receiver.paths

    assert asyncio.run(story()) == [signed]


@pytest.mark.parametrize("code", [408, 500, 502, 504])
def test_it_may_pass(code: int) -> None:
    assert isinstance(tried(status(code))[1], SinkDownError)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 413])
def test_it_will_not_pass(code: int) -> None:
    assert isinstance(tried(status(code))[1], SinkRefusedError)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    receiver, error = tried(status(code, Location="/elsewhere"))
    assert isinstance(error, SinkRefusedError)
    assert "redirect" in str(error)
    assert len(receiver.bodies) == 1


def test_what_slack_says_is_told_and_nothing_else() -> None:
    assert str(tried(status(404, "channel_is_archived"))[1]) == "HTTP 404 (channel_is_archived)"
    assert str(tried(status(403, f"no such hook: {TOKEN}"))[1]) == "HTTP 403"
    assert str(tried(status(500, "x" * 10_000_000))[1]) == "HTTP 500"


def test_a_server_that_hangs_costs_the_time_it_is_given() -> None:
    _, error = tried(hang, seconds=0.2)
    assert isinstance(error, SinkDownError)
    assert str(error) == "no answer in time"


def test_garbage_is_no_answer() -> None:
    _, error = tried(garbage)
    assert isinstance(error, SinkDownError)
    assert str(error).startswith("its answer was none")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    receiver, error = tried(tls=tls)
    assert isinstance(error, SinkDownError)
    assert str(error).startswith("TLS failed")
    assert receiver.bodies == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/tok3n", "http://no-such-host.invalid/tok3n"])
def test_where_nobody_is_it_may_come(url: str) -> None:
    async def story() -> None:
        async with poster(5) as post:
            with pytest.raises(SinkDownError) as error:
                await post(SecretStr(url), REQUEST)
            assert TOKEN not in str(error.value)

    asyncio.run(story())


def test_pauses_grow_to_a_minute() -> None:
    assert [back_off(n, 1.0) for n in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert back_off(3, 0.0) == 4
    assert back_off(10_000, 1.0) == 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("-5", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("soon", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, lambda: 10.0) == seconds
