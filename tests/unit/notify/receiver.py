"""A real HTTP server on the loopback address that answers as a script says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from podiatrist.notify.cloud_events import CloudEvents
from podiatrist.notify.template import DEFAULT, Template

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN = "tok3n"  # noqa: S105 - looked for in logs, where it must not be


def status(code: int, text: str = "", **headers: str) -> Answer:
    """Answer with a status; headers are named as in `Retry_After`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=code, text=text, headers=named)

    return answer


async def hang(request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def garbage(request: web.Request) -> web.StreamResponse:
    """Answer with something else than HTTP."""
    assert request.transport is not None
    request.transport.write(b"\x16\x03\x01 what?\r\n\r\n")
    request.transport.close()
    return web.Response()


@dataclass
class Receiver:
    """What came in; `answers` are used up one by one, then all is well."""

    answers: Iterator[Answer]
    url: SecretStr = field(default_factory=lambda: SecretStr(""))
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """Path and query, as they came in."""

    @property
    def sink(self) -> CloudEvents:
        """A sink that posts here."""
        return CloudEvents(self.url, Template(DEFAULT), "")

    @property
    def ids(self) -> list[str]:
        """The ids that came in, those of doubles too."""
        return [body["id"] for body in self.bodies]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(json.loads(await request.read()))
        self.headers.append(dict(request.headers))
        self.paths.append(request.raw_path)
        return await next(self.answers, status(200))(request)


@asynccontextmanager
async def receiving(*answers: Answer, tls: SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Serve until the end of the block."""
    receiver = Receiver(iter(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver._answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = SecretStr(f"{'https' if tls else 'http'}://{host}:{port}/hook/{TOKEN}")
    try:
        yield receiver
    finally:
        await runner.cleanup()
