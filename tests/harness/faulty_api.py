"""A real HTTP proxy between one executor and the API server, where requests can go wrong.

It confines the executor to one namespace, so that several can run side by side, each with faults
of its own (`tests/harness/api_faults.py`). Reads and watches go through as they are.
"""

import base64
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import web
from yarl import URL

from podiatrist.api import names
from tests.harness.api_writes import Namer, Write

_DIAGNOSES = f"/apis/{names.API_VERSION}"
_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Answer:
    """What the API server said, or what is said in its place."""

    status: int
    body: bytes
    headers: dict[str, str]


Forward = Callable[[], Awaitable[Answer]]
"""Sends the request on to the real API server, and returns its answer."""


class Fault(Protocol):
    """What happens at the writes of one executor."""

    async def meet(self, write: Write, forward: Forward, kill: Callable[[], None]) -> Answer | None:
        """Return what the executor is answered; None: its connection is cut instead.

        `kill` ends the executor at once, by SIGKILL.
        """


@dataclass(frozen=True)
class Written:
    """One write that reached the proxy, and the answer's status; None: cut without one."""

    write: Write
    status: int | None


class FaultyApi:
    """The proxy; an async context manager that listens on 127.0.0.1 while it is open.

    `identity` is the kubeconfig of the executor's ServiceAccount. Whoever starts the executor
    sets `kill`.
    """

    def __init__(self, identity: Path, namespace: str, fault: Fault) -> None:
        config = json.loads(identity.read_text())
        where = config["clusters"][0]["cluster"]
        self._config = config
        self._server = where["server"].rstrip("/")
        authority = base64.b64decode(where["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        self._namespace = namespace
        self._fault = fault
        self._namer = Namer()
        self._open = AsyncExitStack()
        self._port = 0
        self._upstream: aiohttp.ClientSession
        self.kill: Callable[[], None] = lambda: None
        self.writes: list[Written] = []

    async def __aenter__(self) -> "FaultyApi":
        """Listen."""
        self._upstream = await self._open.enter_async_context(
            aiohttp.ClientSession(
                auto_decompress=False,
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=20),
            )
        )
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._open.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut all connections."""
        await self._open.aclose()

    def kubeconfig(self, folder: Path, name: str) -> Path:
        """Write a kubeconfig that leads here, with the executor's own token."""
        clusters = [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self._port}"}}]
        path = folder / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps({**self._config, "clusters": clusters}))
        return path

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        url = self._server + self._confined(request.raw_path)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            if request.method in ("GET", "HEAD"):
                return await self._read(request, url, headers)
            return await self._write(request, url, headers)
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=f"the API server is out of reach: {error!r}")

    def _confined(self, path: str) -> str:
        """Return the path with Diagnoses of all namespaces narrowed to those of ours."""
        plain, mark, query = path.partition("?")
        if plain == f"{_DIAGNOSES}/{names.PLURAL}":
            plain = f"{_DIAGNOSES}/namespaces/{self._namespace}/{names.PLURAL}"
        return plain + mark + query

    async def _read(
        self, request: web.Request, url: str, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Hand bytes on as they come: a watch is a read that does not end."""
        async with self._upstream.request(
            request.method, _as_sent(url), headers=headers, allow_redirects=False
        ) as upstream:
            response = web.StreamResponse(status=upstream.status, headers=_kept(upstream))
            await response.prepare(request)
            try:
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
            except ConnectionResetError:
                upstream.close()  # the executor is gone: nobody listens any more
            return response

    async def _write(
        self, request: web.Request, url: str, headers: dict[str, str]
    ) -> web.StreamResponse:
        body = await request.read()
        write = self._namer.name(request.method, request.raw_path, _as_json(body))

        async def forward() -> Answer:
            async with self._upstream.request(
                request.method, _as_sent(url), headers=headers, data=body, allow_redirects=False
            ) as upstream:
                answer = Answer(upstream.status, await upstream.read(), _kept(upstream))
            if answer.status < 300:
                self._namer.accepted(write)
            return answer

        answer = await self._fault.meet(write, forward, self.kill)
        self.writes.append(Written(write, answer.status if answer else None))
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)  # nobody hears it
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def _as_sent(url: str) -> URL:
    """Return a URL that is not quoted anew on its way through."""
    return URL(url, encoded=True)


def _kept(upstream: aiohttp.ClientResponse) -> dict[str, str]:
    return {k: v for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP}


def _as_json(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except json.JSONDecodeError:
        return None
