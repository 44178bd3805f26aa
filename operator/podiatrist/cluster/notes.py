"""Notes of ours: texts in one ConfigMap of our namespace, changed by compare-and-swap."""

from collections.abc import Callable, Mapping

from podiatrist.api import names
from podiatrist.cluster.client import Client
from podiatrist.cluster.config_maps import data_of, read_config_map, swap_config_map
from podiatrist.cluster.errors import ConflictError

_TRIES = 5
"""Attempts to write; each one that fails means that somebody else's did not."""


class Notes:
    """One ConfigMap."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    async def read(self) -> Mapping[str, str]:
        """Return what is there, nothing where there is none yet. Raises ClusterError."""
        return data_of(await read_config_map(self._client, self._name))

    async def change(self, change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        """Write what `change` makes of what is there; it may be called more than once.

        Raises ClusterError.
        """
        for _ in range(_TRIES):
            stored = await read_config_map(self._client, self._name)
            try:
                await swap_config_map(self._client, self._name, stored, change(data_of(stored)))
            except ConflictError:
                continue
            return
        raise ConflictError(f"others wrote ConfigMap {names.NAMESPACE}/{self._name} all the time")
