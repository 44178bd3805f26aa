"""What is sent to approve an option: only over what was seen, whoever else approves meanwhile."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from podiatrist.api import names
from podiatrist.api.diagnosis import Approval, Diagnosis
from podiatrist.cluster.client import Client, Server
from podiatrist.cluster.errors import ConflictError
from podiatrist.desk.approve import approve
from podiatrist.desk.errors import NotDoneError
from tests.unit.cli.scene import FOUND, story
from tests.unit.stories import NOW

DIGEST = "1a2b3c4d"


class Shelf:
    """Holds one Diagnosis as the API server does; `before` happens before each write."""

    def __init__(self, told: Diagnosis, *before: Callable[["Shelf"], None]) -> None:
        self.body: Any = json.loads(told.model_dump_json(by_alias=True, exclude_none=True))
        self.body["metadata"]["resourceVersion"] = "1"
        self.before = list(before)
        self.written: list[dict[str, str | None]] = []

    def change(self, **annotations: str | None) -> None:
        held = self.body["metadata"].setdefault("annotations", {})
        for name, value in annotations.items():
            key = f"{names.GROUP}/{name.replace('_', '-')}"
            held.pop(key, None) if value is None else held.update({key: value})
        version = int(self.body["metadata"]["resourceVersion"])
        self.body["metadata"]["resourceVersion"] = str(version + 1)

    def annotations(self) -> dict[str, str]:
        held: dict[str, str] = self.body["metadata"].get("annotations", {})
        return {key.partition("/")[2]: value for key, value in held.items()}

    async def get(self, *_: object) -> Any:
        return json.loads(json.dumps(self.body))

    async def server(self) -> Server:
        return Server("v1.37.0", NOW)

    async def merge_patch(self, _: object, __: str, ___: str, body: Any) -> None:
        if self.before:
            self.before.pop(0)(self)
        metadata = body["metadata"]
        for held in ("uid", "resourceVersion"):
            if metadata.get(held, self.body["metadata"][held]) != self.body["metadata"][held]:
                raise ConflictError("the object has been modified")
        self.written.append(metadata["annotations"])
        self.change(**{k.partition("/")[2].replace("-", "_"): v
                       for k, v in metadata["annotations"].items()})  # fmt: skip
        if names.APPROVE not in self.body["metadata"]["annotations"]:
            self.body["status"].pop("approval", None)  # the executor takes note at once


def used() -> Diagnosis:
    """Return a Diagnosis whose approval the executor read and refused."""
    told = story(FOUND, "Approved=False:SwitchedOff", approve=DIGEST)
    told.status.approval = Approval(digest=DIGEST, at=NOW)
    return told


def send(shelf: Shelf, by: str | None = "alice") -> Diagnosis:
    async def sleep(_: float) -> None:
        return

    async def story() -> Diagnosis:
        shown = Diagnosis.model_validate(await shelf.get())
        return await approve(cast(Client, shelf), shown, shown.status.options[0], by, sleep)

    return asyncio.run(story())


def test_what_somebody_else_approves_in_this_moment_is_not_taken_away() -> None:
    """Given an old approval that is taken away, when bob approves just then, his stands."""
    told = used()
    other = story(digests=("bbbb2222",)).status.options[0]
    told.status.options.append(other)

    def bob(shelf: Shelf) -> None:
        shelf.change(approve="bbbb2222", approved_by="bob")
        shelf.body["status"]["conditions"].append(
            {"type": "Approved", "status": "True", "reason": "DigestMatched", "message": "",
             "lastTransitionTime": NOW.isoformat()})  # fmt: skip
        shelf.body["status"]["approval"] = {"digest": "bbbb2222", "by": "bob",
                                            "at": NOW.isoformat()}  # fmt: skip

    told.status.conditions.pop()
    shelf = Shelf(told, bob)
    with pytest.raises(NotDoneError, match="option bbbb2222 was approved already by bob"):
        send(shelf)
    assert shelf.written == []
    assert shelf.annotations() == {"approve": "bbbb2222", "approved-by": "bob"}


def test_a_change_elsewhere_meanwhile_is_no_obstacle() -> None:
    shelf = Shelf(used(), lambda s: s.change(pause=None), lambda s: s.change(pause=None))
    send(shelf)
    assert shelf.annotations() == {"approve": DIGEST, "approved-by": "alice"}
    assert len(shelf.written) == 2


def waiting(by: str = "alice", seconds: float = 10, preview: str | None = "p1") -> Diagnosis:
    """Return a Diagnosis whose approval, of that age, waits for the executor."""
    told = story(approve=DIGEST)
    shown = told.status.options[0].preview
    assert shown is not None
    shown.id = "p1"
    at = (NOW - timedelta(seconds=seconds)).isoformat()
    stamps = {names.APPROVED_BY: by, names.APPROVED_AT: at}
    told.metadata.annotations |= stamps | ({names.APPROVED_PREVIEW: preview} if preview else {})
    return told


@pytest.mark.parametrize("preview", ["p1", None])
def test_ones_own_approval_of_a_moment_ago_stands(preview: str | None) -> None:
    shelf = Shelf(waiting(preview=preview))
    send(shelf)
    assert shelf.written == []


@pytest.mark.parametrize("by", ["alice", "bob"])
@pytest.mark.parametrize(
    "stale", [{"seconds": 61}, {"preview": "p0"}, {"preview": "", "seconds": 700}]
)
def test_an_old_approval_or_one_of_another_preview_is_given_anew(by: str, stale: Any) -> None:
    """The executor would refuse it, or will soon: it is not what was approved just now."""
    shelf = Shelf(waiting(by, **stale))
    send(shelf)
    assert [w[names.APPROVE] for w in shelf.written] == [None, DIGEST]
    assert shelf.written[1][names.APPROVED_BY] == "alice"
    assert "approved-at" not in shelf.annotations(), "what the stamp wrote then is gone"


@pytest.mark.parametrize("me", ["alice", None])
def test_of_somebody_elses_approval_it_is_said_whose_it_is(me: str | None) -> None:
    shelf = Shelf(waiting("bob"))
    with pytest.raises(NotDoneError, match="option 1a2b3c4d was approved a moment ago by bob"):
        send(shelf, me)
    assert shelf.written == []
