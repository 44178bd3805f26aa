"""Plays a model's endpoint, mostly one that is no good; runs as a pod of our own image."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TAKEN = "sk-taken-0123456789abcdef"
"""The key that `/keyed/` takes."""

_REPORT = {"name": "report", "arguments": json.dumps({"claims": [], "suggestions": []})}
_CALL = {"id": "call_1", "type": "function", "function": _REPORT}
_ANSWER = {"role": "assistant", "content": None, "tool_calls": [_CALL]}


class Endpoint(BaseHTTPRequestHandler):
    """What it answers is told by the path.

    `/revoked/...` refuses every key, `/keyed/...` every key but one and answers that there is
    nothing to add, `/garbage/...` answers with what is no answer.
    """

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers.get("Authorization", "")
        if self.path.startswith("/garbage/"):
            self._send(200, b"\x00\xff<html>{{{" * 1000)
        elif self.path.startswith("/keyed/") and key == f"Bearer {TAKEN}":
            self._say(200, {"choices": [{"index": 0, "message": _ANSWER}]})
        else:
            self._say(401, {"error": {"message": f"Incorrect key: {key}"}})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Endpoint).serve_forever()
