"""What both feeds deliver, and how a role lives on when Kopf does not."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import kopf
import pytest
from click.testing import CliRunner

from podiatrist.cli import operator as cli
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.objects import Event, Pod
from podiatrist.handlers import doors
from podiatrist.handlers.feed import Audience
from podiatrist.handlers.kopf_feed import watch_pods
from podiatrist.handlers.kopf_settings import operator_options
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.stream_feed import stream
from podiatrist.handlers.supervise import WatchEndedError, supervise
from podiatrist.handlers.vitals import Vitals
from tests.fakeapi.pods import Generator, Object, unpullable
from tests.fakeapi.server import FakeApi, until


class Listener:
    """An audience that remembers."""

    def __init__(self) -> None:
        self.pods: list[tuple[Pod, bool]] = []
        self.events: list[Event] = []

    def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
        self.pods.append((pod, deleted))

    def event_seen(self, event: Event) -> None:
        self.events.append(event)


async def by_kopf(kubeconfig: Path, audience: Audience) -> None:
    registry = kopf.OperatorRegistry()
    watch_pods(registry, audience)
    doors.login_by(registry)
    os.environ["KUBECONFIG"] = str(kubeconfig)
    await kopf.operator(registry=registry, **operator_options())


async def by_stream(kubeconfig: Path, audience: Audience) -> None:
    async with connect(kubeconfig, "test") as client:
        await stream(client, audience)


Feed = Callable[[Path, Audience], Coroutine[Any, Any, None]]


def warning(about: Object) -> Object:
    meta = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.1", "namespace": meta["namespace"], "uid": "e1"},
        "involvedObject": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"]},
        "type": "Warning",
        "reason": "Failed",
        "eventTime": None,
        "source": {},
    }


@pytest.mark.parametrize("feed", [by_kopf, by_stream])
def test_a_feed_tells_of_pods_and_warnings(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "")

    async def story() -> None:
        async with FakeApi().serve() as api:
            well, sick, going = Generator().pods(3)
            half_filled = {**Generator(1).pods(1)[0], "status": {"conditions": None}}
            api.store.put_all("pods", [well, sick, going, half_filled])
            api.store.put_all("events", [warning(well)])
            listener = Listener()
            feeding = asyncio.create_task(feed(api.kubeconfig(tmp_path), listener))
            await until(lambda: len(listener.pods) == 4 and len(listener.events) == 1)
            await until(lambda: api.watching("pods") > 0 and api.watching("events") > 0)
            assert not any(deleted for _, deleted in listener.pods)
            listener.pods.clear()
            api.store.put("pods", unpullable(sick))
            api.store.delete("pods", "team-00", going["metadata"]["name"])
            api.store.delete("events", "team-00", f"{well['metadata']['name']}.1")
            await until(lambda: len(listener.pods) == 2)
            told = {pod.metadata.name: (pod, deleted) for pod, deleted in listener.pods}
            changed, deleted = told[sick["metadata"]["name"]]
            waiting = changed.status.container_statuses[0].state.waiting
            assert waiting is not None
            assert (waiting.reason, deleted) == ("ImagePullBackOff", False)
            assert told[going["metadata"]["name"]][1]
            assert len(listener.events) == 1, "that an event is gone says nothing"
            asked = [r for r in api.requests if "/pods?" in r]
            assert all("status.phase!%3DSucceeded" in r for r in asked)
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    asyncio.run(story())


def test_kopf_keeps_nothing_of_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "")

    async def story() -> None:
        async with FakeApi().serve() as api:
            api.store.put_all("pods", Generator().pods(50))
            listener, registry, options = Listener(), kopf.OperatorRegistry(), operator_options()
            watch_pods(registry, listener)
            doors.login_by(registry)
            os.environ["KUBECONFIG"] = str(api.kubeconfig(tmp_path))
            feeding = asyncio.create_task(kopf.operator(registry=registry, **options))
            await until(lambda: len(listener.pods) == 50)
            assert not list(options["memories"].iter_all_memories())
            workers = [t for t in asyncio.all_tasks() if t.get_name().startswith("worker for")]
            await until(lambda: all(t.done() for t in workers), 2)
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    asyncio.run(story())


class Clock:
    """Time that passes only in roles and pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


def supervised(ends: list[Exception | None], lasting: float = 1.0) -> tuple[Clock, int]:
    clock, runs = Clock(), 0

    async def role() -> None:
        nonlocal runs
        end = ends[runs]
        runs += 1
        clock.now += lasting
        if end is not None:
            raise end

    supervise(role, sleep=clock.sleep, clock=lambda: clock.now)
    return clock, runs


def test_a_role_starts_again_until_it_ends_well() -> None:
    clock, runs = supervised([WatchEndedError("kopf"), ClusterError("no answer yet"), None])
    assert (runs, clock.pauses) == (3, [1.0, 2.0])


def test_an_error_of_the_first_start_is_told_at_once() -> None:
    with pytest.raises(ClusterError, match="no credentials"):
        supervised([ClusterError("no credentials")])


def test_pauses_grow_to_a_minute_and_begin_anew_after_a_good_run() -> None:
    clock, _ = supervised([WatchEndedError("kopf")] * 9 + [None])
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    clock, _ = supervised([WatchEndedError("kopf")] * 4 + [None], lasting=3600)
    assert clock.pauses == [1, 1, 1, 1]


def test_a_bug_is_not_survived() -> None:
    with pytest.raises(ZeroDivisionError):
        supervised([ZeroDivisionError()])


@pytest.mark.parametrize(
    ("arguments", "environment", "feed"),
    [
        ([], {}, "kopf"),
        ([], {"PODIATRIST_FEED": "stream"}, "stream"),
        (["--feed", "stream"], {}, "stream"),
        (["--feed", "kopf"], {"PODIATRIST_FEED": "stream"}, "kopf"),
    ],
)
def test_the_feed_is_chosen_by_option_then_by_environment(
    arguments: list[str],
    environment: dict[str, str],
    feed: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen: list[str] = []

    async def role(_: Path | None, settings: Settings, vitals: Vitals) -> None:
        chosen.append(settings.feed)

    monkeypatch.setattr(cli, "run_operator", role)
    result = CliRunner().invoke(cli.operator, arguments, env=environment)
    assert (result.exit_code, chosen) == (0, [feed]), result.output


def test_a_feed_that_does_not_exist_is_named() -> None:
    result = CliRunner().invoke(cli.operator, [], env={"PODIATRIST_FEED": "carrier-pigeon"})
    assert result.exit_code == 1
    assert "PODIATRIST_FEED" in result.output


def test_kopf_finds_the_api_server_where_our_client_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a pod it would look up a name, and the executor may not ask any DNS."""
    found = kopf.ConnectionInfo(server="https://kubernetes.default.svc", token="t")  # noqa: S106
    monkeypatch.setattr(kopf, "login_with_kubeconfig", lambda **_: None)
    monkeypatch.setattr(kopf, "login_with_service_account", lambda **_: found)
    logins: list[Callable[[], Any]] = []
    monkeypatch.setattr(kopf.on, "login", lambda **_: logins.append)

    doors.login_by(kopf.OperatorRegistry(), "https://10.96.0.1:443", Vitals().traffic)

    (login,) = logins
    assert login().server == "https://10.96.0.1:443"
