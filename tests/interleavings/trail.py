"""The API server's audit log, as the trail of one namespace: what was written, by whom, in turn."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Entry:
    """One write that went through. `at` orders entries; `resource` is `diagnoses/status`, say."""

    at: str
    who: str
    verb: str
    resource: str
    name: str
    field_manager: str
    body: Any


class Trail:
    """Reads the log of a namespace from now on, also when the API server begins a new file."""

    def __init__(self, log: Path, namespace: str) -> None:
        self._log = log
        self._sign = f'"namespace":"{namespace}"'
        self._file = log.open()
        self._file.seek(0, 2)
        self._rest = ""

    def read(self) -> list[Entry]:
        """Return what was written since the last call."""
        entries = [e for line in self._lines() if (e := self._parse(line)) is not None]
        return sorted(entries, key=lambda e: e.at)

    def close(self) -> None:
        """Stop reading."""
        self._file.close()

    def _lines(self) -> Iterator[str]:
        yield from self._complete(self._file)
        if self._log.stat().st_ino != os.fstat(self._file.fileno()).st_ino:
            self._file.close()
            self._file = self._log.open()
            yield from self._complete(self._file)

    def _complete(self, file: TextIO) -> Iterator[str]:
        """Yield whole lines; the end of one that is being written waits for the next call."""
        text = self._rest + file.read()
        *lines, self._rest = text.split("\n")
        yield from lines

    def _parse(self, line: str) -> Entry | None:
        if self._sign not in line or '"stage":"ResponseComplete"' not in line:
            return None
        raw = json.loads(line)
        query = parse_qs(urlsplit(raw["requestURI"]).query)
        body = raw.get("requestObject")
        dry = "dryRun" in query or (isinstance(body, dict) and body.get("dryRun"))
        writes = raw["verb"] not in ("get", "list", "watch") and not dry
        if not writes or raw["responseStatus"]["code"] >= 300:
            return None
        ref = raw["objectRef"]
        sub = f"/{ref['subresource']}" if ref.get("subresource") else ""
        return Entry(
            at=raw["stageTimestamp"],
            who=raw["user"]["username"],
            verb=raw["verb"],
            resource=ref["resource"] + sub,
            name=ref.get("name", ""),
            field_manager=query.get("fieldManager", [""])[0],
            body=body,
        )
