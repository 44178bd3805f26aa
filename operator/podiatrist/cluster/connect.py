"""Opens a client with the credentials of a kubeconfig, or of the pod it runs in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from podiatrist.cluster.client import Client
from podiatrist.cluster.confines import EVERYWHERE, Confines
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.traffic import Traffic


@asynccontextmanager
async def connect(
    kubeconfig: Path | None,
    field_manager: str,
    *,
    context: str | None = None,
    traffic: Traffic | None = None,
    confines: Confines = EVERYWHERE,
) -> AsyncIterator[Client]:
    """Open a client: from a kubeconfig file, or from the pod's ServiceAccount where None.

    `context` is the file's context; None: its current one. `traffic` counts the requests;
    `confines` are what is looked at.

    Raises ClusterError when there are no usable credentials.
    """
    session: dict[str, Any] = {"middlewares": (_delete_once,)}
    if traffic is not None:
        session["trace_configs"] = [traffic.trace()]
    # No limit of connections: each watch holds one for good, and the Lease must not wait for one.
    configuration = Configuration(client_session_kwargs=session, connection_pool_maxsize=0)
    try:
        if kubeconfig is not None:
            await config.load_kube_config(
                str(kubeconfig), context=context, client_configuration=configuration
            )
        else:
            config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        where = kubeconfig or "the pod's ServiceAccount"
        raise ClusterError(f"no usable credentials in {where}: {error}") from None
    async with ApiClient(configuration) as api:
        yield Client(api, field_manager, confines)


async def _delete_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send a DELETE, and never again by itself where the answer is lost.

    To aiohttp PUT and DELETE are idempotent (RFC 9110, 9.2.2), and a broken connection makes it
    send them once more. The API server refuses a second PUT by its resourceVersion, but accepts
    a second DELETE as long as the object is on its way.
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method != "DELETE":
            raise
        raise aiohttp.ClientError(f"no answer to a DELETE: {error!r}") from error
