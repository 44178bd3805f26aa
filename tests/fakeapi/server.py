"""The HTTP side: discovery, get, list in pages, watch, create, replace, delete; faults on request.

Lists of what nobody put there are empty, whatever their kind.
"""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from tests.fakeapi.store import Collection, End, Store, Stored, encode

RESOURCES = {
    "v1": {
        "pods": "Pod",
        "events": "Event",
        "namespaces": "Namespace",
        "nodes": "Node",
        "configmaps": "ConfigMap",
    },
    "apps/v1": {
        "deployments": "Deployment",
        "replicasets": "ReplicaSet",
        "statefulsets": "StatefulSet",
        "daemonsets": "DaemonSet",
    },
    "batch/v1": {"jobs": "Job", "cronjobs": "CronJob"},
    "podiatrist.dev/v1alpha1": {"diagnoses": "Diagnosis"},
}
"""What is served: plural to kind, for each group and version."""

_CLUSTER_SCOPED = ("namespaces", "nodes")
_AT_ONCE = 256 * 1024
"""Bytes that a watch sends in one write when much has piled up."""


class FakeApi:
    """A server on a free port of the loopback address; tests change `store` and set faults."""

    def __init__(self) -> None:
        self.store = Store()
        self.requests: list[str] = []
        self.url = ""
        self._refusals: list[tuple[str, int]] = []
        self._losses: list[str] = []
        self._patch_refusal: web.Response | None = None
        self._pages: dict[str, Iterator[Stored]] = {}

    def refuse(self, status: int, *, times: int = 1, path: str = "") -> None:
        """Answer the next requests whose path and query contain `path` with an HTTP status."""
        self._refusals += [(path, status)] * times

    def refuse_patches(self, status: int, message: str) -> None:
        """Answer every PATCH with an HTTP status and these words."""
        self._patch_refusal = _status(status, message)

    def lose_answer(self, method: str) -> None:
        """Carry out the next request of a method, and break its connection instead of answering."""
        self._losses.append(method)

    def cut(self, plural: str) -> None:
        """Break the connections of all watches, in the middle of whatever they were sent."""
        self.store.collection(plural).tell(End(well=False))

    def close(self, plural: str) -> None:
        """End all watches well, as the API server does after some minutes."""
        self.store.collection(plural).tell(End(well=True))

    def send_raw(self, plural: str, text: bytes) -> None:
        """Send bytes down all watches, whatever they are."""
        self.store.collection(plural).tell(text)

    def watching(self, plural: str) -> int:
        """Return how many watch now."""
        return len(self.store.collection(plural).watchers)

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for this server and return its path."""
        path = folder / "kubeconfig"
        cluster = {"name": "fake", "cluster": {"server": self.url}}
        context = {"name": "fake", "context": {"cluster": "fake", "user": "nobody"}}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [context],
            "users": [{"name": "nobody", "user": {}}],
            "current-context": "fake",
        }
        path.write_bytes(encode(config))  # JSON is YAML
        return path

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["FakeApi"]:
        """Serve until the block ends."""
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_get("/api", self._versions)
        app.router.add_get("/apis", self._groups)
        app.router.add_post("/apis/authentication.k8s.io/v1/selfsubjectreviews", self._whoami)
        for root in ("/api/{version}", "/apis/{group}/{version}"):
            app.router.add_get(root, self._resources)
            for where in (root, root + "/namespaces/{namespace}"):
                app.router.add_get(where + "/{plural}", self._collection)
                app.router.add_post(where + "/{plural}", self._create)
                app.router.add_get(where + "/{plural}/{name}", self._object)
                app.router.add_put(where + "/{plural}/{name}", self._replace)
                app.router.add_patch(where + "/{plural}/{name}", self._merge)
                app.router.add_put(where + "/{plural}/{name}/status", self._replace_status)
                app.router.add_delete(where + "/{plural}/{name}", self._delete)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            for plural in itertools.chain.from_iterable(RESOURCES.values()):
                self.close(plural)
            await runner.cleanup()

    async def _versions(self, _: web.Request) -> web.Response:
        return _json({"kind": "APIVersions", "versions": ["v1"]})

    async def _groups(self, _: web.Request) -> web.Response:
        groups = []
        for served in RESOURCES:
            name, _slash, version = served.rpartition("/")
            entry = {"groupVersion": served, "version": version}
            if name:
                groups.append({"name": name, "versions": [entry], "preferredVersion": entry})
        return _json({"kind": "APIGroupList", "groups": groups})

    async def _resources(self, request: web.Request) -> web.Response:
        served = RESOURCES.get(_api_version(request))
        if served is None:
            return _status(404)
        resources = [
            {
                "name": plural,
                "singularName": kind.lower(),
                "kind": kind,
                "namespaced": plural not in _CLUSTER_SCOPED,
                "verbs": ["get", "list", "watch", "create"],
            }
            for plural, kind in served.items()
        ]
        return _json({"kind": "APIResourceList", "resources": resources})

    async def _object(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        plural, name = request.match_info["plural"], request.match_info["name"]
        body = self.store.get(plural, request.match_info.get("namespace", ""), name)
        if body is None:
            return _status(404, f'{plural} "{name}" not found')
        return web.Response(body=body, content_type="application/json")

    async def _create(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        plural, made = request.match_info["plural"], await request.json()
        namespace, name = request.match_info.get("namespace", ""), made["metadata"]["name"]
        if self.store.get(plural, namespace, name) is not None:
            return _status(409, f'{plural} "{name}" already exists')
        made["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-11-02T09:00:00Z"}
        return _json(self.store.put(plural, made), status=201)

    async def _replace(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        plural, made = request.match_info["plural"], await request.json()
        namespace, name = request.match_info.get("namespace", ""), request.match_info["name"]
        body = self.store.get(plural, namespace, name)
        if body is None:
            return _status(404)
        stored = json.loads(body)["metadata"]
        expected = made["metadata"].get("resourceVersion")
        if expected not in (None, stored["resourceVersion"]):
            return _status(409, "the object has been modified")
        kept = {key: stored[key] for key in ("uid", "creationTimestamp")}
        done = self.store.put(plural, {**made, "metadata": {**made["metadata"], **kept}})
        return self._lost(request) or _json(done)

    async def _merge(self, request: web.Request) -> web.Response:
        """Patch the metadata of an object by RFC 7386: what annotating takes."""
        if refused := self._refused(request) or self._patch_refusal:
            return refused
        plural, name = request.match_info["plural"], request.match_info["name"]
        body = self.store.get(plural, request.match_info.get("namespace", ""), name)
        if body is None:
            return _status(404)
        stored, wanted = json.loads(body), (await request.json())["metadata"]
        metadata = stored["metadata"]
        for held in ("uid", "resourceVersion"):
            if wanted.get(held, metadata[held]) != metadata[held]:
                return _status(409, "the object has been modified")
        annotations = {**metadata.get("annotations", {}), **wanted.get("annotations", {})}
        kept = {key: value for key, value in annotations.items() if value is not None}
        changed = {**stored, "metadata": {**metadata, "annotations": kept}}
        return _json(self.store.put(plural, changed))

    async def _whoami(self, request: web.Request) -> web.Response:
        return self._refused(request) or _json(
            {"kind": "SelfSubjectReview", "status": {"userInfo": {"username": "alice"}}}, status=201
        )

    async def _delete(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        plural, options = request.match_info["plural"], await request.json()
        namespace, name = request.match_info.get("namespace", ""), request.match_info["name"]
        body = self.store.get(plural, namespace, name)
        if body is None:
            return _status(404)
        uid = options.get("preconditions", {}).get("uid")
        if uid not in (None, json.loads(body)["metadata"]["uid"]):
            return _status(409, "the UID in the precondition is not the object's")
        self.store.delete(plural, namespace, name)
        return self._lost(request) or _json(
            {"kind": "Status", "apiVersion": "v1", "status": "Success"}
        )

    async def _replace_status(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        plural, made = request.match_info["plural"], await request.json()
        body = self.store.get(plural, request.match_info["namespace"], made["metadata"]["name"])
        if body is None:
            return _status(404)
        stored = json.loads(body)
        if stored["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified")
        return _json(self.store.put(plural, {**stored, "status": made["status"]}))

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        if request.query.get("watch") in ("true", "True", "1"):
            return await self._watch(request)
        return self._list(request)

    def _list(self, request: web.Request) -> web.Response:
        plural, query = request.match_info["plural"], request.query
        token = query.get("continue")
        if token and token not in self._pages:
            return _status(410, "The provided continue parameter is too old")
        matching = self._pages.pop(token) if token else self._matching(request)
        items = list(itertools.islice(matching, int(query.get("limit") or 10**9)))
        left = next(matching, None)
        meta = {"resourceVersion": str(self.store.version)}
        if left is not None:
            meta["continue"] = str(uuid.uuid4())
            self._pages[meta["continue"]] = itertools.chain([left], matching)
        kind = RESOURCES.get(_api_version(request), {}).get(plural, "Unknown")
        head = encode({"kind": f"{kind}List", "apiVersion": _api_version(request)})[:-1]
        joined = b",".join(item.body for item in items)
        body = head + b',"metadata":' + encode(meta) + b',"items":[' + joined + b"]}"
        return web.Response(body=body, content_type="application/json")

    def _matching(self, request: web.Request) -> Iterator[Stored]:
        """Return what a list's selectors leave: `key=value` or `key` labels, the fields we use."""
        collection = self.store.collection(request.match_info["plural"])
        namespace = request.match_info.get("namespace")
        wanted = [p.partition("=") for p in request.query.get("labelSelector", "").split(",") if p]
        fields = request.query.get("fieldSelector", "")
        for (where, name), stored in list(collection.objects.items()):
            if namespace is not None and where != namespace:
                continue
            if not all(
                stored.labels.get(key) == value if equals else key in stored.labels
                for key, equals, value in wanted
            ):
                continue
            if "status.phase!=Succeeded" in fields and stored.phase == "Succeeded":
                continue
            if "metadata.name=" in fields and f"metadata.name={name}" not in fields.split(","):
                continue
            yield stored

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        collection = self.store.collection(request.match_info["plural"])
        since = int(request.query.get("resourceVersion") or self.store.version)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        with suppress(ConnectionError):  # the client went away: its good right
            await response.prepare(request)
            if since < collection.forgotten and request.query.get("resourceVersion"):
                expired = {"type": "ERROR", "object": _problem(410, "too old resource version")}
                await response.write(encode(expired) + b"\n")
            else:
                await _follow(request, response, collection, since)
        return response

    def _lost(self, request: web.Request) -> web.Response | None:
        """Break the connection if that was asked for; the answer then reaches nobody."""
        if request.method not in self._losses or request.transport is None:
            return None
        self._losses.remove(request.method)
        request.transport.close()
        return _json({})

    def _refused(self, request: web.Request) -> web.Response | None:
        asked = request.path_qs
        self.requests.append(f"{request.method} {asked}")
        for refusal in self._refusals:
            if refusal[0] in asked:
                self._refusals.remove(refusal)
                return _status(refusal[1])
        return None


async def _follow(
    request: web.Request, response: web.StreamResponse, collection: Collection, since: int
) -> None:
    queue: asyncio.Queue[bytes | End] = asyncio.Queue()
    for line in collection.since(since):
        queue.put_nowait(line)
    collection.watchers.add(queue)
    try:
        await _send(request, response, queue)
    finally:
        collection.watchers.discard(queue)


async def _send(
    request: web.Request, response: web.StreamResponse, queue: "asyncio.Queue[bytes | End]"
) -> None:
    """Write what the queue holds until it says to end, or the client is gone."""
    while True:
        message = await queue.get()
        parts: list[bytes] = []
        size = 0
        while not isinstance(message, End):
            parts.append(message)
            size += len(message)
            if size >= _AT_ONCE or queue.empty():
                break
            message = queue.get_nowait()
        if parts:
            await response.write(b"".join(parts))
        if isinstance(message, End):
            if not message.well and request.transport is not None:
                request.transport.close()
            return


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something has come true. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


def _api_version(request: web.Request) -> str:
    group, version = request.match_info.get("group"), request.match_info["version"]
    return f"{group}/{version}" if group else version


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=encode(value), status=status, content_type="application/json")


def _problem(code: int, message: str) -> dict[str, object]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": "", "code": code}  # fmt: skip


def _status(code: int, message: str = "as the test asked for") -> web.Response:
    return _json(_problem(code, message), status=code)
