"""Plays a model's endpoint that is no good; runs as a pod of our own image."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Endpoint(BaseHTTPRequestHandler):
    """`/revoked/...` refuses every key, `/garbage/...` answers with what is no answer."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/revoked/"):
            key = self.headers.get("Authorization", "")
            self._send(401, json.dumps({"error": {"message": f"Incorrect key: {key}"}}).encode())
        else:
            self._send(200, b"\x00\xff<html>{{{" * 1000)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Endpoint).serve_forever()
