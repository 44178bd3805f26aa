"""What the random interleavings stand on: the audit log read in pieces, and a clock that leaps."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.interleavings.clock import Clock
from tests.interleavings.trail import Trail


def line(name: str, namespace: str = "shop", verb: str = "patch", **more: Any) -> str:
    entry = {
        "stage": "ResponseComplete",
        "requestURI": more.pop("uri", f"/apis/apps/v1/deployments/{name}?fieldManager=me"),
        "verb": verb,
        "user": {"username": "alice"},
        "objectRef": {"resource": "deployments", "namespace": namespace, "name": name},
        "responseStatus": {"code": more.pop("code", 200)},
        "stageTimestamp": more.pop("at", "2026-01-01T00:00:00.000001Z"),
        "requestObject": {},
    }
    return json.dumps({**entry, **more}, separators=(",", ":")) + "\n"


def test_only_writes_that_went_through_in_this_namespace_count(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(line("before"))
    trail = Trail(log, "shop")
    with log.open("a") as file:
        file.write(line("second", at="2026-01-01T00:00:00.000002Z"))
        file.write(line("first"))
        file.write(line("elsewhere", namespace="bank"))
        file.write(line("read", verb="get"))
        file.write(line("refused", code=422))
        file.write(line("tried", uri="/apis/apps/v1/deployments/tried?dryRun=All"))
    assert [(e.name, e.field_manager) for e in trail.read()] == [("first", "me"), ("second", "me")]
    trail.close()


def test_half_a_line_waits_and_a_new_file_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text("")
    trail = Trail(log, "shop")
    whole = line("a")
    with log.open("a") as file:
        file.write(whole[:50])
        file.flush()
        assert trail.read() == []
        file.write(whole[50:] + line("b"))
    log.rename(tmp_path / "audit-1.log")
    log.write_text(line("c"))
    assert sorted(e.name for e in trail.read()) == ["a", "b", "c"]
    trail.close()


def test_what_was_before_a_leap_is_old_after_it_and_what_comes_then_is_new() -> None:
    clock = Clock()
    pods = "/api/v1/namespaces/shop/pods"
    before = datetime.now(UTC).replace(microsecond=0)

    asyncio.run(clock.leap(timedelta(hours=1)))

    after = datetime.now(UTC).replace(microsecond=0)
    text = f'{{"a":"{before:%Y-%m-%dT%H:%M:%SZ}","b":"{after:%Y-%m-%dT%H:%M:%SZ}"}}'
    told = json.loads(clock.told(pods, text.encode()))
    assert told["a"] == f"{before:%Y-%m-%dT%H:%M:%SZ}"
    assert told["b"] == f"{after + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert timedelta(minutes=59) < clock.now() - before < timedelta(minutes=61)


def test_a_status_keeps_the_times_that_the_roles_wrote() -> None:
    clock = Clock()
    asyncio.run(clock.leap(timedelta(hours=1)))
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    raw = {"metadata": {"creationTimestamp": now}, "status": {"approval": {"at": now}}}
    path = "/apis/podiatrist.dev/v1alpha1/namespaces/shop/diagnoses/web-a"
    told = json.loads(clock.told(path, json.dumps(raw).encode()))
    assert told["status"]["approval"]["at"] == now
    assert told["metadata"]["creationTimestamp"] > now
