"""Answers `/healthz`, `/readyz` and `/metrics`, in a thread of its own.

In a thread, so that a stuck event loop can be told, and so that it answers while a role starts
anew. Three fixed paths without any input: the standard library's server is enough.
"""

import logging
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from podiatrist.cluster.redaction import redact
from podiatrist.handlers.vitals import Vitals

log = logging.getLogger(__name__)

_PLAIN = "text/plain; charset=utf-8"
_SLOW = 5.0
"""Seconds that a client may take to ask."""


_AT_ONCE = 8
"""Requests that are answered at once; whoever comes then is turned away."""


class _Server(ThreadingHTTPServer):
    """Listens on IPv6 and IPv4 alike, where there is IPv6, and never holds many threads."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if _has_ipv6() else socket.AF_INET
        self._free = threading.Semaphore(_AT_ONCE)
        super().__init__(("", port), handler)

    def server_bind(self) -> None:
        """Take IPv4 as well."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if one is free."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def serve_status(port: int, vitals: Vitals) -> ThreadingHTTPServer:
    """Start answering on all addresses; returns the server, whose `shutdown()` ends it.

    Raises OSError where the port is taken.
    """

    def probe(trouble: Callable[[], str | None]) -> tuple[int, str, bytes]:
        why = trouble()
        return (503, _PLAIN, f"{redact(why)}\n".encode()) if why else (200, _PLAIN, b"ok\n")

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

    server = _Server(port, Handler)
    threading.Thread(target=server.serve_forever, name="status", daemon=True).start()
    return server
