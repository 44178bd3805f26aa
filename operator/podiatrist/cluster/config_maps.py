"""ConfigMaps of our namespace that are read, and written back only if nobody came between."""

from collections.abc import Mapping

from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError
from podiatrist.cluster.kinds import CONFIG_MAP, Object


async def read_config_map(client: Client, name: str) -> Object | None:
    """Return a ConfigMap, None where there is none yet. Raises ClusterError."""
    try:
        return await client.get(CONFIG_MAP, names.NAMESPACE, name)
    except NotFoundError:
        return None


def data_of(stored: Object | None) -> dict[str, str]:
    """Return what is written in a ConfigMap; nothing where there is none."""
    return {str(k): str(v) for k, v in ((stored or {}).get("data") or {}).items()}


async def swap_config_map(
    client: Client,
    name: str,
    stored: Object | None,
    data: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Write a ConfigMap in place of the one that was read; None: there was none.

    Raises ConflictError where it is another one by now, ClusterError.
    """
    metadata: Object = {"name": name, "namespace": names.NAMESPACE, "labels": dict(names.LABELS)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}
    if stored is None:
        await client.create(CONFIG_MAP, names.NAMESPACE, body)
        return
    metadata["resourceVersion"] = stored["metadata"]["resourceVersion"]
    metadata["uid"] = stored["metadata"]["uid"]
    await client.replace(CONFIG_MAP, names.NAMESPACE, name, body)
