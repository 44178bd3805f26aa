"""A read-only image registry over the stores' folders, which can also fail on purpose (faults.py).

Run as `python3 -m tests.cluster.registry PORT TLS_PORT SILENT_PORT CERTIFICATE KEY STORE...`.
"""

import hashlib
import json
import re
import shutil
import socket
import ssl
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.cluster import faults
from tests.cluster.store import DEFAULT_HOST, MANIFEST_TYPE, Name, Store

# Not for ever: a pod cannot be deleted while the kubelet waits for its pull.
HANG_SECONDS = 120.0
PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
STORES: list[Store] = []


class Registry(BaseHTTPRequestHandler):
    """`GET` and `HEAD` of the distribution API; containerd's `?ns=HOST` keeps hosts apart."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/token":
            self._send(200, "application/json", json.dumps({"token": "anonymous"}).encode())
        elif address.path == "/token/refuse":
            self._refuse(faults.Answer(401, "UNAUTHORIZED", "authentication required"))
        elif address.path == "/v2/":
            self._send(200, "application/json", b"{}")
        elif asked := PATH.fullmatch(address.path):
            host = parse_qs(address.query).get("ns", [DEFAULT_HOST])[0]
            self._serve_image(host, asked["repository"], asked["kind"], asked["reference"])
        else:
            self._refuse(faults.Answer(404, "NOT_FOUND", "no such address"))

    def _serve_image(self, host: str, repository: str, kind: str, reference: str) -> None:
        realm = f"http://{self.headers['Host']}/token"
        authorized = "Authorization" in self.headers
        try:
            fault = faults.of_request(repository, self.command, authorized, realm)
        except faults.HangError:
            time.sleep(HANG_SECONDS)
            self.close_connection = True
            return
        if fault is not None:
            self._refuse(fault)
        elif kind == "manifests":
            self._serve_manifest(Name(host, repository, reference))
        else:
            self._serve_blob(reference)

    def _serve_manifest(self, name: Name) -> None:
        if name.repository.startswith("fault-429/"):
            # HEAD has passed; it must name a manifest for the GET to be refused, and one that no
            # node ever has: what is there by its digest is not asked for again.
            nowhere = f"sha256:{hashlib.sha256(name.repository.encode()).hexdigest()}"
            self._send(200, MANIFEST_TYPE, b"{}", {"Docker-Content-Digest": nowhere})
            return
        for store in STORES:
            if digest := store.manifest(name):
                data = store.blob(digest).read_bytes()
                self._send(200, MANIFEST_TYPE, data, {"Docker-Content-Digest": digest})
                return
        self._refuse(faults.Answer(404, "MANIFEST_UNKNOWN", "manifest unknown"))

    def _serve_blob(self, digest: str) -> None:
        for store in STORES:
            file = store.blob(digest)
            if file.is_file():
                self.send_response(200)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(file.stat().st_size))
                self.end_headers()
                if self.command == "GET":
                    with file.open("rb") as content:
                        shutil.copyfileobj(content, self.wfile)
                return
        self._refuse(faults.Answer(404, "BLOB_UNKNOWN", "blob unknown to registry"))

    def _refuse(self, answer: faults.Answer) -> None:
        headers = {"WWW-Authenticate": answer.challenge} if answer.challenge else {}
        self._send(answer.status, "application/json", answer.body(), headers)

    def _send(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _hold(silent: socket.socket) -> None:
    """Accept every connection and never say a word; a few are kept, older ones are hung up."""
    held: deque[socket.socket] = deque(maxlen=100)
    while True:
        held.append(silent.accept()[0])


def main() -> None:
    """Serve plain HTTP, the same over TLS with a certificate nobody trusts, and silence."""
    port, tls_port, silent_port, certificate, key, *folders = sys.argv[1:]
    STORES.extend(Store(Path(folder)) for folder in folders)
    ThreadingHTTPServer.request_queue_size = 128  # 5 are too few for many pods at once
    plain = ThreadingHTTPServer(("127.0.0.1", int(port)), Registry)
    broken = ThreadingHTTPServer(("127.0.0.1", int(tls_port)), Registry)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    broken.socket = context.wrap_socket(broken.socket, server_side=True)
    threading.Thread(target=broken.serve_forever, daemon=True).start()
    silent = socket.create_server(("127.0.0.1", int(silent_port)))
    threading.Thread(target=_hold, args=(silent,), daemon=True).start()
    plain.serve_forever()


if __name__ == "__main__":
    main()
