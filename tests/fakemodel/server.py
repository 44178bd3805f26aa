"""The HTTP server: in a thread, so that any test and any process can ask it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

from aiohttp import web

from tests.fakemodel.plays import Asked, Play, perform

Script = Sequence[Play] | Callable[[Asked], Play]


class FakeModel:
    """An endpoint at `url` while the block runs."""

    def __init__(self, script: Script) -> None:
        self.script = script
        """May be changed at any time; a list starts from its first play then."""
        self.requests: list[Asked] = []
        """What was asked, in order."""
        self.keys: list[str] = []
        """The Authorization header of each request."""
        self._playing: Script | None = None
        self._at = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        addresses: list[Any] = self._runner.addresses
        self._port = addresses[0][1]

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:  # those that hang
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked: Asked = await request.json()
        self.requests.append(asked)
        self.keys.append(request.headers.get("Authorization", ""))
        return await perform(self._next(asked), request, asked)

    def _next(self, asked: Asked) -> Play:
        script = self.script
        if callable(script):
            return script(asked)
        if script is not self._playing:
            self._playing, self._at = script, 0
        play = script[min(self._at, len(script) - 1)]
        self._at += 1
        return play
