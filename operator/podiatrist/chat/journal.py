"""The undo journal: what was changed and how to take it back, written before it is done.

One file in the user's state folder, readable by nobody else: an inverse holds what was there
before. A line is added and flushed before the first patch is sent, so that `/undo` knows of a
change whose sender was killed; a line cut off in the middle stands for a change that was not
sent. Whoever writes holds the lock of a file beside it: a journal that has grown long is replaced,
and a line that another conversation added meanwhile would be gone.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from podiatrist.api.diagnosis import AppliedPatch

_MOST = 100
"""Changes that are kept; older ones cannot be undone from here any more."""

_PATCHES = TypeAdapter(list[AppliedPatch])


class JournalError(Exception):
    """The journal cannot be written; then nothing is changed. `str()` says what to do."""


@dataclass(frozen=True)
class Entry:
    """One change: its patches and, parallel to those that are no deletions, their inverse."""

    id: str
    at: str
    cluster: str
    title: str
    commands: list[str]
    patches: list[AppliedPatch] = field(default_factory=list)
    inverse: list[AppliedPatch] = field(default_factory=list)


def state_folder(environment: dict[str, str]) -> Path:
    """Return the folder for what outlives a conversation (XDG base directory specification)."""
    given = environment.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else Path("~/.local/state").expanduser()
    return base / "podiatrist"


class Journal:
    """The journal of one cluster; several conversations may write to the same file."""

    def __init__(self, folder: Path, cluster: str, clock: Callable[[], datetime]) -> None:
        self.path = folder / "undo.jsonl"
        self.cluster = cluster
        self._clock = clock

    def intend(
        self,
        title: str,
        commands: list[str],
        patches: list[AppliedPatch],
        inverse: list[AppliedPatch],
    ) -> Entry:
        """Write down what is about to be done. Raises JournalError: then it must not be done."""
        entry = Entry(
            id=uuid.uuid4().hex[:12],
            at=self._clock().isoformat(timespec="seconds"),
            cluster=self.cluster,
            title=title,
            commands=commands,
            patches=patches,
            inverse=inverse,
        )
        line = {
            **vars(entry),
            "patches": _PATCHES.dump_python(patches, mode="json", by_alias=True),
            "inverse": _PATCHES.dump_python(inverse, mode="json", by_alias=True),
        }
        with self._alone():
            self._trim()
            self._append(line)
        return entry

    def close(self, entry: Entry) -> None:
        """Write down that there is nothing (more) to undo of a change."""
        with self._alone():
            self._append({"id": entry.id, "closed": True})

    def open_entries(self) -> list[Entry]:
        """Return the changes in this cluster that were not undone, the newest first."""
        found: dict[str, Entry] = {}
        for line in self._lines():
            if line.get("closed"):
                found.pop(str(line.get("id")), None)
            elif (entry := _parsed(line)) is not None and entry.cluster == self.cluster:
                found[entry.id] = entry
        return list(reversed(found.values()))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other conversation writes; go on all the same where there are no locks."""
        lock = -1
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Never deleted: whoever waits for a file that is gone would not be alone.
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass  # whether the journal can be written shows at once
        try:
            yield
        finally:
            if lock >= 0:
                os.close(lock)  # and with it the lock

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self.path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(
                f"the undo journal {self.path} cannot be read ({error.strerror}); "
                "set XDG_STATE_HOME to a folder of yours"
            ) from None
        lines = []
        for line in text.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                continue  # cut off by a crash: what it was about was never sent
            if isinstance(value, dict):
                lines.append(value)
        return lines

    def _append(self, value: dict[str, Any]) -> None:
        # A new line first: the one before may have been cut off.
        data = ("\n" + json.dumps(value, ensure_ascii=True) + "\n").encode()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.fchmod(file, 0o600)
                _write_all(file, data)
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise JournalError(
                f"the undo journal {self.path} cannot be written ({error.strerror}); "
                "make room or set XDG_STATE_HOME to a folder of yours"
            ) from None

    def _trim(self) -> None:
        """Keep the file small; what is dropped is closed, or older than the newest hundred."""
        lines = self._lines()
        if len(lines) < 4 * _MOST:
            return
        closed = {line.get("id") for line in lines if line.get("closed")}
        kept = [e for e in lines if not e.get("closed") and e.get("id") not in closed][-_MOST:]
        beside = self.path.with_suffix(".new")
        try:
            file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                _write_all(file, "".join(json.dumps(e) + "\n" for e in kept).encode())
                os.fsync(file)
            finally:
                os.close(file)
            beside.replace(self.path)
        except OSError:
            return  # a longer file is no trouble; whether it can be written shows at once


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _parsed(line: dict[str, Any]) -> Entry | None:
    try:
        return Entry(
            id=str(line["id"]),
            at=str(line["at"]),
            cluster=str(line["cluster"]),
            title=str(line["title"]),
            commands=[str(c) for c in line["commands"]],
            patches=_PATCHES.validate_python(line["patches"]),
            inverse=_PATCHES.validate_python(line["inverse"]),
        )
    except (KeyError, TypeError, ValidationError):
        return None
