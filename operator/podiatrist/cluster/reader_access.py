"""Credentials of the agent's kubectl: short-lived tokens of one ServiceAccount that only reads."""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import ClusterError

NAMESPACE, ACCOUNT = "podiatrist", "reader"

_LIFE = timedelta(minutes=30)
"""Asked for at least; the API server may give less, and never less than ten minutes."""
_SPARE = timedelta(minutes=3)
"""What a token has left beyond the time it is needed for: clocks differ, and the last call ends
late."""


class ReaderAccess:
    """Keeps a kubeconfig for ServiceAccount podiatrist/reader in a folder of ours."""

    def __init__(
        self,
        client: Client,
        folder: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._path = folder / "reader.kubeconfig"
        self._now = now
        self._ends: datetime | None = None
        self._lock = asyncio.Lock()

    async def kubeconfig(self, *, seconds: float = 300.0) -> Path:
        """Return the path of a kubeconfig whose token lasts for that many seconds, and some.

        It lasts shorter only where the API server gives no longer ones. Raises ClusterError where
        it gives none, the file cannot be written, or the CA of our own access not be read.
        """
        needed = timedelta(seconds=seconds) + _SPARE
        async with self._lock:
            if self._ends is None or self._ends - self._now() < needed or not self._path.is_file():
                token, ends = await self._request(max(_LIFE, 2 * needed))
                try:
                    _write(self._path, json.dumps(self._content(token)))
                except OSError as error:
                    path = error.filename or self._path
                    raise ClusterError(f"{path}: {error.strerror}") from None
                self._ends = ends  # not before: until then the file holds the old token
            return self._path

    async def _request(self, life: timedelta) -> tuple[str, datetime]:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": int(life.total_seconds())},
        }
        answer = await self._client.create_token(NAMESPACE, ACCOUNT, body)
        try:
            status = answer["status"]
            return str(status["token"]), datetime.fromisoformat(status["expirationTimestamp"])
        except (KeyError, TypeError, ValueError):
            raise ClusterError(
                f"the API server gave no token for ServiceAccount {NAMESPACE}/{ACCOUNT}"
            ) from None

    def _content(self, token: str) -> dict[str, Any]:
        """Return a kubeconfig for the server that our client talks to."""
        configuration = self._client.configuration
        cluster: dict[str, Any] = {"server": configuration.host}
        if configuration.ssl_ca_cert:
            ca = Path(configuration.ssl_ca_cert).read_bytes()
            cluster["certificate-authority-data"] = base64.b64encode(ca).decode()
        if configuration.tls_server_name:
            cluster["tls-server-name"] = configuration.tls_server_name
        if not configuration.verify_ssl:
            cluster["insecure-skip-tls-verify"] = True
        if configuration.proxy:
            cluster["proxy-url"] = configuration.proxy
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": cluster}],
            "users": [{"name": ACCOUNT, "user": {"token": token}}],
            "contexts": [{"name": ACCOUNT, "context": {"cluster": "cluster", "user": ACCOUNT}}],
            "current-context": ACCOUNT,
        }


def _write(path: Path, text: str) -> None:
    """Put a file in place at once, readable by us alone: a kubectl may be reading the old one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
