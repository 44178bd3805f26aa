"""Credentials of the agent's kubectl: short-lived tokens of one ServiceAccount that only reads."""

from pathlib import Path

from podiatrist.cluster.client import Client


class ReaderAccess:
    """Keeps a kubeconfig for ServiceAccount podiatrist/reader in a folder of ours."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder

    async def kubeconfig(self) -> Path:
        """Return the path of a kubeconfig whose token lasts for one investigation at least.

        Raises ClusterError where the API server gives none.
        """
        raise NotImplementedError
