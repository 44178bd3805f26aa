"""Confined to some namespaces: nothing else is asked for, and unknown is not "not there"."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from podiatrist.analyzers import analyze
from podiatrist.cluster.client import Client
from podiatrist.cluster.confines import Confines
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import BeyondConfinesError, RefusedError
from podiatrist.cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    DIAGNOSIS,
    NAMESPACE,
    NODE,
    POD,
    PRIORITY_CLASS,
    PV,
    SERVICE,
    STORAGE_CLASS,
    Kind,
)
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.refusal import RefusedCommandError
from podiatrist.cluster.objects import Event, Pod
from podiatrist.cluster.reader import Reader
from podiatrist.handlers.kopf_settings import operator_options
from podiatrist.handlers.open_namespaces import (
    ConfinesChangedError,
    looking_after,
    until_changed,
)
from podiatrist.handlers.serve import wait_for
from podiatrist.handlers.settings import Settings
from podiatrist.handlers.stream_feed import stream
from podiatrist.notice.diagnoser import Diagnoser
from podiatrist.notice.housekeeping import Housekeeping, Keeping
from tests.fakeapi.pods import Generator
from tests.fakeapi.server import FakeApi, until
from tests.unit.builders import (
    NOW,
    World,
    claim,
    claim_volume,
    deployment,
    event,
    node,
    pod_of,
    revision,
    running,
    unscheduled,
)

TEAM = Confines(("shop", "data"))
CLUSTER_SCOPED = (NODE, PV, STORAGE_CLASS)


@asynccontextmanager
async def confined(
    folder: Path, confines: Confines = TEAM
) -> AsyncIterator[tuple[FakeApi, Client]]:
    async with (
        FakeApi().serve() as api,
        connect(api.kubeconfig(folder), "test", confines=confines) as client,
    ):
        yield api, client


def play(story: Callable[[FakeApi, Client], Coroutine[Any, Any, None]], folder: Path) -> None:
    async def begin() -> None:
        async with confined(folder) as (api, client):
            await story(api, client)

    asyncio.run(begin())


def test_a_list_of_everything_becomes_one_for_each_namespace(tmp_path: Path) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        for place in ("shop", "data", "elsewhere"):
            api.store.put("services", {"metadata": {"name": f"in-{place}", "namespace": place}})
        raws = await client.list_all(SERVICE)
        assert [raw["metadata"]["name"] for raw in raws] == ["in-shop", "in-data"]
        assert await client.list_names(SERVICE) == {"in-shop", "in-data"}
        assert not [r for r in api.requests if r.startswith("GET /api/v1/services")]

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("kind", "namespace", "name"),
    [
        (NODE, None, "n1"),
        (PV, None, None),
        (NAMESPACE, None, None),
        (NAMESPACE, None, "elsewhere"),
        (POD, "elsewhere", "web"),
        (POD, "podiatrist", "operator"),
        (DIAGNOSIS, "podiatrist", "n1"),
    ],
)
def test_what_is_beyond_is_not_even_asked_for(
    tmp_path: Path, kind: Kind, namespace: str | None, name: str | None
) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        looked = client.get(kind, namespace, name) if name else client.list_all(kind, namespace)
        with pytest.raises(BeyondConfinesError, match="PODIATRIST_NAMESPACES confines"):
            await looked
        with pytest.raises(BeyondConfinesError):
            await client.json_patch(kind, namespace, name or "any", [])
        assert api.requests == []

    play(story, tmp_path)


def test_its_namespaces_and_its_own_config_maps_are_read(tmp_path: Path) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        api.store.put("namespaces", {"metadata": {"name": "shop"}})
        api.store.put("configmaps", {"metadata": {"name": "executor", "namespace": "podiatrist"}})
        assert (await client.get(NAMESPACE, None, "shop"))["metadata"]["name"] == "shop"
        assert await client.get(CONFIG_MAP, "podiatrist", "executor")

    play(story, tmp_path)


def test_a_snapshot_says_what_was_not_read(tmp_path: Path) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        web = deployment(replicas=1)
        web["status"] = {"readyReplicas": 0}
        api.store.put("deployments", web)
        read = await Reader(client).read(DEPLOYMENT, "shop", "web")
        assert not any(read.was_read(kind) for kind in (*CLUSTER_SCOPED, PRIORITY_CLASS))
        assert read.was_read(SERVICE)

    play(story, tmp_path)


def test_the_stream_feed_watches_each_namespace_and_says_which(tmp_path: Path) -> None:
    class Listener:
        def __init__(self) -> None:
            self.pods: list[str] = []

        def pod_seen(self, pod: Pod, *, deleted: bool = False) -> None:
            self.pods.append(pod.metadata.namespace)

        def event_seen(self, event: Event) -> None: ...

    async def story(api: FakeApi, client: Client) -> None:
        pods = Generator().pods(3)
        for pod, place in zip(pods, ("shop", "data", "elsewhere"), strict=True):
            api.store.put_all(
                "pods", [{**pod, "metadata": {**pod["metadata"], "namespace": place}}]
            )
        listener, heard = Listener(), list[str]()
        feeding = asyncio.create_task(stream(client, listener, heard.append))
        await until(lambda: api.watching("pods") == 2 and len(listener.pods) == 2)
        assert sorted(listener.pods) == ["data", "shop"]
        api.store.bookmark("pods")
        await until(lambda: {"pods in shop", "pods in data"} <= set(heard))
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)

    play(story, tmp_path)


def test_kopf_is_given_names_and_asks_for_no_list_of_namespaces() -> None:
    options = operator_options(TEAM)
    assert options["namespaces"] == ("shop", "data")
    assert "clusterwide" not in options
    assert options["settings"].scanning.disabled
    assert operator_options()["clusterwide"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", ()), ("shop", ("shop",)), ("shop, data,shop\n", ("shop", "data")), (" , ", ())],
)
def test_the_setting_takes_commas_and_blanks(text: str, wanted: tuple[str, ...]) -> None:
    assert Settings(namespaces=text).confines.namespaces == wanted


@pytest.mark.parametrize("text", ["team-*", "!shop", "Shop", "shop/web", "shop;data"])
def test_patterns_are_no_names(text: str) -> None:
    """Kopf would take them for patterns, and look into the list of namespaces for matches."""
    with pytest.raises(ValidationError):
        Settings(namespaces=text)


def blind(world: World) -> list[str]:
    """Return the reasons that rules give who could read nothing that belongs to no namespace."""
    whole = world.snapshot()
    around = {kind: found for kind, found in whole.around.items() if kind not in CLUSTER_SCOPED}
    results = analyze(dataclasses.replace(whole, around=around))
    return [r.finding.reason for r in results]


def test_without_nodes_the_scheduler_is_quoted_and_no_node_is_missed() -> None:
    web = deployment(nodeSelector={"disk": "ssd"})
    world = World(web, [unscheduled(pod_of(web))])
    assert "the cluster has no nodes" in world.diagnose().messages[0]
    around = {k: v for k, v in world.snapshot().around.items() if k not in CLUSTER_SCOPED}
    (result,) = analyze(dataclasses.replace(world.snapshot(), around=around))
    assert result.finding.reason == "Unschedulable"
    assert result.finding.message.endswith("didn't match Pod's node affinity/selector.")
    assert result.proposals == ()


@pytest.mark.parametrize(
    "spec", [{"storageClassName": "fast"}, {}, {"volumeName": "pv-1"}, {"storageClassName": ""}]
)
def test_without_classes_and_volumes_none_is_said_to_be_missing(spec: dict[str, str]) -> None:
    web = deployment(volumes=[claim_volume("data")])
    world = World(web, [unscheduled(pod_of(web))], nodes=[node()], claims=[claim("data", **spec)])
    assert world.diagnose().reasons[0] in {
        "StorageClassNotFound", "NoDefaultStorageClass", "VolumeNotFound", "NoMatchingVolume",
    }  # fmt: skip
    assert blind(world) == ["Unschedulable"]


def test_what_the_volume_controller_says_is_known_all_the_same() -> None:
    web = deployment(volumes=[claim_volume("data")])
    said = 'storageclass.storage.k8s.io "fast" not found'
    world = World(
        web,
        [unscheduled(pod_of(web))],
        claims=[claim("data", storageClassName="fast")],
        events=[event("data", "ProvisioningFailed", said)],
    )
    assert blind(world) == ["ProvisioningFailed"]


def test_a_volume_elsewhere_is_not_said_to_be_on_a_node_that_is_gone() -> None:
    """Else somebody would delete the VolumeAttachment of a node that lives."""
    web = deployment(volumes=[claim_volume("data")])
    new, old = running(pod_of(web, 1), on="n2"), running(pod_of(web, 2), on="n1")
    new["status"] = {"phase": "Pending"}
    said = 'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) web-2'
    held = claim("data", phase="Bound", volumeName="pv-1")
    world = World(web, [new], others=[old], claims=[held],
                  events=[event("web-1", "FailedAttachVolume", said)])  # fmt: skip
    assert "does not exist any more" in world.diagnose().messages[0]
    around = {k: v for k, v in world.snapshot().around.items() if k not in CLUSTER_SCOPED}
    (result,) = analyze(dataclasses.replace(world.snapshot(), around=around))
    assert result.finding.reason == "VolumeAttachedElsewhere"
    assert "VolumeAttachment" not in result.finding.message


def test_without_nodes_no_old_pod_is_taken_away_for_a_new_one() -> None:
    """On a cordoned node the new pod would find no place either: there would be none at all."""
    web = deployment(containers=[{"name": "app", "image": "nginx:1.28"}])
    web["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}
    mark = {"pod-template-hash": "h2"}
    waits = unscheduled(pod_of(web, 1), "0/1 nodes are available: 1 Insufficient cpu.")
    waits["metadata"]["labels"] = {**waits["metadata"]["labels"], **mark}
    revisions = [revision(web, 2), revision(web, 1, ready=1, image="nginx:1.27")]
    world = World(web, [waits], nodes=[node(cpu="1")], revisions=revisions)
    assert "NoRoomToSurge" in world.diagnose().reasons
    assert "NoRoomToSurge" not in blind(world)


@pytest.mark.parametrize(
    "line",
    ["get nodes", "describe node n1", "get pods,pv", "get node/n1", "top nodes", "get sc fast"],
)
def test_the_agent_is_told_what_it_may_not_look_at(line: str) -> None:
    parse(line, "shop", confined=True)
    with pytest.raises(RefusedCommandError, match="belong to no namespace"):
        parse(line, "shop", confined=True, namespaced_only=True)


@pytest.mark.parametrize("line", ["get pods", "describe pod nodes", "logs web-1", "explain node"])
def test_the_agent_looks_at_the_rest(line: str) -> None:
    parse(line, "shop", confined=True, namespaced_only=True)


@pytest.mark.parametrize("confines", [Confines(), TEAM])
def test_a_namespace_that_may_not_be_seen_does_not_hide_its_sick(confines: Confines) -> None:
    """A team may keep that right to itself: its namespace then cannot ask to be ignored."""

    class Refusing:
        def __init__(self) -> None:
            self.confines = confines

        async def get(self, *_: Any) -> Any:
            raise RefusedError("namespaces is forbidden")

    nobody = cast(Any, None)
    diagnoser = Diagnoser(cast(Client, Refusing()), nobody, nobody, nobody, nobody, nobody)
    ask = diagnoser._ignored(World(deployment()).snapshot())
    if confines.everywhere:
        with pytest.raises(RefusedError):
            asyncio.run(ask)
    else:
        assert asyncio.run(ask) is False


def test_a_namespace_that_is_closed_to_us_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    """A team that is gone took its Roles along; the setting still names it."""

    async def story(api: FakeApi, client: Client) -> None:
        api.refuse(403, path="/namespaces/shop/diagnoses")
        await wait_for(client)
        assert client.confines == Confines(("data",))
        api.refuse(403, path="/namespaces/data/diagnoses")
        with pytest.raises(RefusedError):
            await wait_for(client)

    play(story, tmp_path)


def test_a_namespace_that_closes_or_opens_begins_all_anew(tmp_path: Path) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        await wait_for(client)
        guard = asyncio.create_task(until_changed(client, TEAM, 0.05))
        await asyncio.sleep(0.3)
        assert not guard.done()
        api.refuse(503, path="/namespaces/shop/diagnoses")  # nobody knows: no change
        await asyncio.sleep(0.3)
        assert not guard.done()
        api.refuse(403, path="/namespaces/shop/diagnoses")
        with pytest.raises(ConfinesChangedError, match="open to us now: data"):
            await guard
        client.confines = Confines(("data",))
        with pytest.raises(ConfinesChangedError, match="open to us now: shop, data"):
            await until_changed(client, TEAM, 0.05)
        assert looking_after(client, Confines()) == []

    play(story, tmp_path)


def test_who_looks_everywhere_stays_so_and_is_told_what_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with confined(tmp_path, Confines()) as (api, client):
            await wait_for(client)
            assert client.confines.everywhere
            api.refuse(403, path="/diagnoses")
            with pytest.raises(RefusedError):
                await wait_for(client)

    asyncio.run(story())


def test_transcripts_of_where_nobody_looks_are_not_taken_for_leftovers(tmp_path: Path) -> None:
    async def story(api: FakeApi, client: Client) -> None:
        for place in ("shop", "elsewhere"):
            about = {"podiatrist.dev/namespace": place, "podiatrist.dev/uid": f"uid-{place}"}
            metadata = {"name": f"transcript-{place}", "namespace": "podiatrist",
                        "uid": place, "annotations": about,
                        "labels": {"podiatrist.dev/transcript": "x"}}  # fmt: skip
            api.store.put("configmaps", {"metadata": metadata})
        await Housekeeping(client, Keeping(), lambda: NOW).once()
        left = api.store.collection("configmaps").objects
        assert [name for _, name in left] == ["transcript-elsewhere"]

    play(story, tmp_path)
