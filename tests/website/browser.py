"""A headless Chromium, and what these tests ask of it, over the Chrome DevTools Protocol.

The protocol is JSON over a WebSocket (https://chromedevtools.github.io/devtools-protocol/), which
aiohttp speaks; so no driver and no client library is needed that must fit the browser's version.
"""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.cluster.packages import ensure_commands

JSON = dict[str, Any]

_PROGRAMS = ("chromium", "chromium-headless-shell")
"""The first that is there is taken; the last is what gets installed: it is the smaller one."""

_FLAGS = (
    "--headless",
    "--no-sandbox",  # root may not have one, nor may a container; it opens our own pages only
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    # Whatever asks for another host than the local one does not find it.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)

_PATIENCE = 30.0
"""Seconds for any one thing: the machine may be busy."""


def program() -> str:
    """Return the path of a Chromium; as root installs Debian's where there is none.

    Raises ClusterError with the command to type.
    """
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        ensure_commands({_PROGRAMS[-1]: _PROGRAMS[-1]}, print)
        found = shutil.which(_PROGRAMS[-1])
    assert found is not None
    return found


class BetweenPagesError(Exception):
    """The page that was asked is being left for another one."""


class Page:
    """One tab. What it asked for and what it complained of is gathered until it is taken."""

    def __init__(
        self, runner: asyncio.Runner, socket: aiohttp.ClientWebSocketResponse, session: str
    ) -> None:
        self._runner = runner
        self._socket = socket
        self._session = session
        self._number = 0
        self.requests: list[str] = []
        """URLs of all requests, but for those that hold what they ask for (data:)."""
        self.complaints: list[str] = []
        """Errors and warnings of the console, exceptions, and requests that failed."""

    def open(self, url: str) -> None:
        """Open a page, and wait until it is loaded."""
        asked = self.call("Page.navigate", {"url": url})
        if "errorText" in asked:
            raise AssertionError(f"{url} cannot be opened: {asked['errorText']}")
        if "loaderId" in asked:  # else it is a place in the page that is open
            self._runner.run(self._read(lambda event: event.get("method") == "Page.loadEventFired"))

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a screen of that size, in CSS pixels."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", screen)

    def prefer(self, scheme: str) -> None:
        """Let the system prefer `light` or `dark`."""
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", {"features": [wish]})

    def run(self, expression: str) -> Any:
        """Return what a JavaScript expression (or its promise) comes to, as JSON."""
        how = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.call("Runtime.evaluate", how)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Return what an expression comes to once that is something, on whichever page is open.

        Raises AssertionError when nothing comes of it.
        """
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                if value := self.run(expression):
                    return value
            except BetweenPagesError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"nothing comes of {expression}")

    def picture(self, file: Path) -> None:
        """Write what is to be seen as a PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", {})["data"]))

    def call(self, method: str, parameters: JSON) -> JSON:
        """Return the answer to one command of the protocol."""
        return self._runner.run(self._call(method, parameters))

    async def _call(self, method: str, parameters: JSON) -> JSON:
        self._number += 1
        number = self._number
        await self._socket.send_json(
            {"id": number, "sessionId": self._session, "method": method, "params": parameters}
        )
        answer = await self._read(lambda message: message.get("id") == number)
        error = answer.get("error", {}).get("message", "")
        if "navigated" in error or "context" in error:
            raise BetweenPagesError(error)
        assert not error, f"{method}: {error}"
        result = answer["result"]
        assert isinstance(result, dict)
        return result

    async def _read(self, wanted: Callable[[JSON], bool]) -> JSON:
        async with asyncio.timeout(_PATIENCE):
            while True:
                message: JSON = await self._socket.receive_json()
                self._note(message)
                if wanted(message):
                    return message

    def _note(self, message: JSON) -> None:
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent" if not told["request"]["url"].startswith("data:"):
                self.requests.append(told["request"]["url"])
            case "Network.loadingFailed" if not told.get("canceled"):
                self.complaints.append(f"a request failed: {told['errorText']}")
            case "Network.responseReceived" if told["response"]["status"] >= 400:
                self.complaints.append(f"{told['response']['status']} {told['response']['url']}")
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"].get("exception", told)))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.complaints.append(str([a.get("value") for a in told["args"]]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.complaints.append(told["entry"]["text"])
            case _:
                pass


@contextmanager
def new_page() -> Iterator[Page]:
    """Start a browser of its own with one empty page; it is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="podiatrist-browser-") as home:
        process = subprocess.Popen(
            [program(), *_FLAGS, f"--user-data-dir={home}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"HOME": home},
            start_new_session=True,  # to end it with all the processes that it starts
        )
        try:
            with asyncio.Runner() as runner:
                yield from _connected(runner, _address(process))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    """Return where the browser listens, as it says at its start."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("DevTools listening on "):
            return line.rsplit(" ", 1)[-1].strip()
    raise AssertionError(f"the browser did not start: {''.join(said)}")


def _connected(runner: asyncio.Runner, address: str) -> Iterator[Page]:
    async def connect() -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
        client = aiohttp.ClientSession()
        return client, await client.ws_connect(address, max_msg_size=0)

    client, socket = runner.run(connect())
    try:
        browser = Page(runner, socket, "")
        tab = browser.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        how = {"targetId": tab, "flatten": True}
        page = Page(runner, socket, browser.call("Target.attachToTarget", how)["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            page.call(f"{domain}.enable", {})
        yield page
    finally:
        runner.run(client.close())
