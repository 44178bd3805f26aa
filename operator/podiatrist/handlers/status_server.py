"""Answers `/healthz`, `/readyz` and `/metrics`, in a thread of its own.

In a thread, so that a stuck event loop can be told, and so that it answers while a role starts
anew. Three fixed paths without any input: the standard library's server is enough.
"""

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from podiatrist.handlers.vitals import Vitals

log = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
_SLOW = 5.0
"""Seconds that a client may take to ask."""


def serve_status(port: int, vitals: Vitals) -> ThreadingHTTPServer:
    """Start answering on all addresses; returns the server, whose `shutdown()` ends it.

    Raises OSError where the port is taken.
    """

    def probe(trouble: Callable[[], str | None]) -> tuple[int, str, bytes]:
        why = trouble()
        return (503, _PLAIN, f"{why}\n".encode()) if why else (200, _PLAIN, b"ok\n")

    def answer(path: str) -> tuple[int, str, bytes]:
        match path.partition("?")[0]:
            case "/healthz":
                return probe(vitals.pulse.sick)
            case "/readyz":
                return probe(vitals.pulse.unready)
            case "/metrics":
                return 200, CONTENT_TYPE_LATEST, generate_latest(vitals.metrics.registry)
            case _:
                return 404, _PLAIN, b"there are /healthz, /readyz and /metrics\n"

    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOW

        def do_GET(self) -> None:
            status, kind, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - http.server finds it by this name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            log.debug(format, *args)

    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="status", daemon=True).start()
    return server
