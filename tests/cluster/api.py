"""Asks the API server small questions while a cluster starts, without a process for each."""

import base64
import http.client
import json
import ssl
import tempfile
from pathlib import Path
from urllib.parse import urlsplit


class Api:
    """GET with the client certificate of a kubeconfig that pki.py wrote."""

    def __init__(self, kubeconfig: Path) -> None:
        config = json.loads(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        user = config["users"][0]["user"]
        self.address = urlsplit(cluster["server"]).netloc
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            self.context.load_cert_chain(pair.name)

    def ready(self) -> bool:
        """Whether the API server calls itself ready."""
        return self._get("/readyz") is not None

    def node_ready(self, name: str) -> bool:
        """Whether the node is there and Ready."""
        return self._condition(f"/api/v1/nodes/{name}", "Ready")

    def available(self, namespace: str, deployment: str) -> bool:
        """Whether the Deployment is Available."""
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}"
        return self._condition(path, "Available")

    def exists(self, path: str) -> bool:
        """Whether there is an object at this path."""
        return self._get(path) is not None

    def _condition(self, path: str, kind: str) -> bool:
        body = self._get(path)
        conditions = json.loads(body)["status"].get("conditions", []) if body else []
        return any(one["type"] == kind and one["status"] == "True" for one in conditions)

    def _get(self, path: str) -> bytes | None:
        """The body of a 200; None for any other answer, or none."""
        connection = http.client.HTTPSConnection(self.address, context=self.context, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return body if answer.status == 200 else None
