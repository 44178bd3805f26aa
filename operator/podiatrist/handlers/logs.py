"""The log: lines for humans, or JSON objects for a collector. Each names its Diagnosis.

We pass no secret to a logger. What comes from elsewhere (an exception's text, an API server's
words, a library's line) is redacted on its way out, and writes no line and no colour of its own:
only an exception's traceback goes on in a second line.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from podiatrist.api.text import clean
from podiatrist.cluster.log_context import about
from podiatrist.cluster.redaction import redact


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and where it is known diagnosis."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        key = about.get()
        if key is not None:
            line["namespace"], line["diagnosis"] = key
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


class TextLines(logging.Formatter):
    """The same for humans."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        key = about.get()
        line = clean(redact(super().format(record)))
        return line if key is None or key[1] in line else f"{line} [{'/'.join(key)}]"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return time, level, logger and message on one line."""
        return super().formatMessage(record).replace("\n", "\\n")


def start_log(level: str, form: str) -> None:
    """Log to stderr from here on; `form` is text or json. Libraries tell of trouble only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in ("kopf", "kubernetes", "asyncio", "aiohttp", "openai", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.root.level))
