"""What this version of Podiatrist is installed from: `deploy/`, as it is packed with the program.

`deploy` beside this file is a link to the checkout's `deploy/`; a wheel holds the files themselves.
"""

from dataclasses import dataclass
from importlib.resources import files

import yaml

from podiatrist.cluster.client import Object
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import Kind
from podiatrist.doctor.kinds import SECRET, find_shipped_kind

Key = tuple[str, str, str]
"""Kind, namespace ("" where it has none) and name."""


@dataclass(frozen=True)
class Manifest:
    """One object of `deploy/`, and the file it stands in."""

    file: str
    kind: Kind
    body: Object

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """Its namespace, None where it has none."""
        found = self.body["metadata"].get("namespace")
        return str(found) if found is not None else None

    @property
    def key(self) -> Key:
        """What tells it apart from the others."""
        return self.kind.kind, self.namespace or "", self.name

    @property
    def told(self) -> str:
        """What a human calls it: `ClusterRole podiatrist-read`."""
        return f"{self.kind.kind} {self.name}"

    @property
    def apply(self) -> str:
        """The command that puts it in place."""
        return f"kubectl apply -f deploy/{self.file}"


def shipped() -> tuple[Manifest, ...]:
    """Return all objects of `deploy/` in order, but for Secrets: those are the user's.

    Raises LookupError for a kind that `kinds.py` does not know (a test sees to it), ClusterError
    where the program was packed without its manifests.
    """
    folder = files("podiatrist.doctor").joinpath("deploy")
    if not folder.is_dir():
        raise ClusterError(
            "this program was packed without deploy/, so there is nothing to hold the cluster "
            "against; install it anew: pip install podiatrist"
        )
    return tuple(
        manifest
        for file in sorted(folder.iterdir(), key=str)
        if file.name.endswith(".yaml")
        for manifest in parse_manifests(file.name, file.read_text("utf-8"))
    )


def parse_manifests(file: str, text: str) -> list[Manifest]:
    """Return the objects of one file. Raises LookupError as `shipped` does."""
    found = [_manifest(file, body) for body in yaml.safe_load_all(text) if body]
    return [manifest for manifest in found if manifest.kind != SECRET]


def _manifest(file: str, body: Object) -> Manifest:
    kind = find_shipped_kind(body["apiVersion"], body["kind"])
    if kind is None:
        raise LookupError(f"deploy/{file}: doctor/kinds.py does not know {body['kind']}")
    return Manifest(file, kind, body)
