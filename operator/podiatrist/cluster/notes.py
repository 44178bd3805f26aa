"""Notes of ours: texts in one ConfigMap of our namespace, changed by compare-and-swap."""

from collections.abc import Callable, Mapping

from podiatrist.api import names
from podiatrist.cluster.client import Client, Object
from podiatrist.cluster.errors import ConflictError, NotFoundError
from podiatrist.cluster.kinds import CONFIG_MAP

_TRIES = 5
"""Attempts to write; each one that fails means that somebody else's did not."""


class Notes:
    """One ConfigMap."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    async def read(self) -> Mapping[str, str]:
        """Return what is there, nothing where there is none yet. Raises ClusterError."""
        return _data(await self._stored())

    async def change(self, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        """Write what `change` makes of what is there; it may be called more than once.

        Raises ClusterError.
        """
        for _ in range(_TRIES):
            stored = await self._stored()
            try:
                await self._write(stored, change(_data(stored)))
            except ConflictError:
                continue
            return
        raise ConflictError(f"others wrote ConfigMap {names.NAMESPACE}/{self._name} all the time")

    async def _stored(self) -> Object | None:
        try:
            return await self._client.get(CONFIG_MAP, names.NAMESPACE, self._name)
        except NotFoundError:
            return None

    async def _write(self, stored: Object | None, data: dict[str, str]) -> None:
        metadata = {
            "name": self._name,
            "namespace": names.NAMESPACE,
            "labels": {"app.kubernetes.io/name": "podiatrist"},
        }
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        if stored is None:
            await self._client.create(CONFIG_MAP, names.NAMESPACE, body)
            return
        metadata["resourceVersion"] = stored["metadata"]["resourceVersion"]
        metadata["uid"] = stored["metadata"]["uid"]
        await self._client.replace(CONFIG_MAP, names.NAMESPACE, self._name, body)


def _data(stored: Object | None) -> Mapping[str, str]:
    return {str(k): str(v) for k, v in ((stored or {}).get("data") or {}).items()}
