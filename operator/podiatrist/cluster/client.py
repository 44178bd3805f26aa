"""A small asyncio client over dicts: get, list, create, patch.

It stands on the `kubernetes` package (kubeconfig and in-cluster credentials, TLS, connection
pool) and leaves out its typed models, which drop unknown fields on read-modify-write.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.client.rest import ApiException
from kubernetes.aio.dynamic import DynamicClient

from podiatrist.cluster.errors import (
    ClusterError,
    ConflictError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from podiatrist.cluster.kinds import Kind

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

_TIMEOUT = 20.0
"""Seconds for one request; nothing we ask for takes longer on a server that is well."""

_PAGE = 500
"""Objects in one page of a list, as kubectl does."""


class Client:
    """The API server, seen with one identity."""

    def __init__(self, api: ApiClient, field_manager: str) -> None:
        self._dynamic = DynamicClient(api)
        self._field_manager = field_manager

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """Return one object. Raises NotFoundError."""
        return await self._request("get", kind.path(namespace, name))

    async def list_all(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        fields: str | None = None,
        labels: str | None = None,
    ) -> list[Object]:
        """Return all objects of a kind, in one namespace or in all, read page by page."""
        items: list[Object] = []
        token: str | None = None
        while True:
            page = await self._request(
                "get",
                kind.path(namespace),
                field_selector=fields,
                label_selector=labels,
                limit=_PAGE,
                _continue=token,
            )
            items += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return items

    async def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        """Create an object and return it. Raises ConflictError when it exists already."""
        return await self._request(
            "post", kind.path(namespace), body=body, field_manager=self._field_manager
        )

    async def replace_status(self, kind: Kind, namespace: str, name: str, body: Object) -> Object:
        """Write an object's status. With metadata.resourceVersion set it is a compare-and-swap."""
        return await self._request(
            "put",
            kind.path(namespace, name, "status"),
            body=body,
            field_manager=self._field_manager,
        )

    async def merge_patch(
        self, kind: Kind, namespace: str | None, name: str, body: Object
    ) -> Object:
        """Patch an object by RFC 7386 and return it."""
        return await self._request(
            "patch",
            kind.path(namespace, name),
            body=body,
            content_type="application/merge-patch+json",
            field_manager=self._field_manager,
        )

    async def json_patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        patch: list[Object],
        *,
        dry_run: bool = False,
    ) -> Object:
        """Patch an object by RFC 6902 and return it; a dry run changes nothing.

        Raises RefusedError when a `test` operation does not hold (the API server says 422).
        """
        return await self._request(
            "patch",
            kind.path(namespace, name),
            body=patch,
            content_type="application/json-patch+json",
            field_manager=self._field_manager,
            dry_run="All" if dry_run else None,
        )

    async def _request(self, method: str, path: str, **options: Any) -> Object:
        # The library fills default arguments for header and query parameters in place: without
        # dicts and lists of our own, one request's headers would leak into the next.
        try:
            response = await self._dynamic.request(
                method,
                path,
                query_params=[],
                header_params={},
                path_params={},
                serialize=False,
                _request_timeout=_TIMEOUT,
                **options,
            )
            return json.loads(await response.read())  # type: ignore[no-any-return]
        except ApiException as error:
            raise _translate(error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnreachableError(f"the API server did not answer: {error!r}") from None
        except json.JSONDecodeError:
            raise UnreachableError(
                "the API server answered with something else than JSON"
            ) from None


def _translate(error: ApiException) -> ClusterError:
    """Map an HTTP status to our error type, keeping the API server's own words.

    The library's own text would carry response headers and the whole body.
    """
    try:
        message = str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        message = f"HTTP {error.status} {error.reason}"
    match error.status:
        case 404:
            return NotFoundError(message)
        case 409:
            return ConflictError(message)
        case 400 | 403 | 405 | 415 | 422:
            return RefusedError(message)
        case _:
            return UnreachableError(message)


@asynccontextmanager
async def connect(kubeconfig: Path | None, field_manager: str) -> AsyncIterator[Client]:
    """Open a client: from a kubeconfig file, or from the pod's ServiceAccount where None.

    Raises ClusterError when there are no usable credentials.
    """
    configuration = Configuration()
    try:
        if kubeconfig is not None:
            await config.load_kube_config(str(kubeconfig), client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        where = kubeconfig or "the pod's ServiceAccount"
        raise ClusterError(f"no usable credentials in {where}: {error}") from None
    async with ApiClient(configuration) as api:
        yield Client(api, field_manager)
