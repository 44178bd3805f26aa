"""One attempt to send a request, and what its outcome means. Says nothing of a URL but the host."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from pydantic import SecretStr
from yarl import URL

from podiatrist.cluster.retry_after import seconds_to_wait
from podiatrist.notify.sink import Request

_ANSWER = 200
"""Bytes of an answer that are read; nothing is decided by them."""

_SLACK_WORDS = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_blocks",
        "invalid_payload",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "user_not_found",
    }
)
"""What Slack answers (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
No other answer is shown: it may hold what was sent, or the URL."""

_PASSING = (408, 425, 429)
"""Refusals that say to come back (RFC 9110, RFC 8470, RFC 6585); besides all of 5xx."""

Post = Callable[[SecretStr, Request], Awaitable[None]]
"""Sends one request once. Raises SinkDownError or SinkRefusedError."""


class SinkDownError(Exception):
    """The sink did not take it and may later; `str()` says why, without the URL."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        """Seconds that it asks to wait."""


class SinkRefusedError(Exception):
    """The sink will not take it, now or later; `str()` says why, without the URL."""


@asynccontextmanager
async def poster(seconds: float) -> AsyncIterator[Post]:
    """Yield a function that sends requests, each for that many seconds at most.

    It follows no redirect (what is sent is for this host and no other), keeps no cookies and takes
    no proxy from the environment. Which authorities are trusted says the system, or SSL_CERT_FILE.
    """
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=seconds),
        connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(), force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "podiatrist"},
    ) as session:

        async def post(url: SecretStr, request: Request) -> None:
            await _post(session, url, request)

        yield post


async def _post(session: aiohttp.ClientSession, url: SecretStr, request: Request) -> None:
    try:
        async with session.post(
            URL(url.get_secret_value(), encoded=True),  # as it was given: it may be signed
            data=request.body,
            headers=request.headers,
            allow_redirects=False,
        ) as response:
            if 200 <= response.status < 300:
                return
            answer = await response.content.read(_ANSWER)
            _raise_for(response.status, response.headers.get("Retry-After"), answer)
    except TimeoutError:
        raise SinkDownError("no answer in time") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SinkDownError(_meaning(error)) from None


def _raise_for(status: int, retry_after: str | None, answer: bytes) -> None:
    word = answer.decode("ascii", "replace").strip()
    said = f"HTTP {status}" + (f" ({word})" if word in _SLACK_WORDS else "")
    if status in _PASSING or status >= 500:
        raise SinkDownError(said, seconds_to_wait(retry_after))
    if 300 <= status < 400:
        raise SinkRefusedError(f"{said}: a redirect, which is not followed; set the final URL")
    raise SinkRefusedError(said)


def _meaning(error: Exception) -> str:
    """Return what went wrong in our own words: the library's may quote the URL."""
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError)):
        return "TLS failed; is its certificate valid, and its authority known (SSL_CERT_FILE)?"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known to DNS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection; is it there, and does a NetworkPolicy let the operator out to it?"
    return f"its answer was none ({type(error).__name__})"
