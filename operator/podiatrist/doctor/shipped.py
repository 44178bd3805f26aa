"""What this version of Podiatrist is installed from: `deploy/`, as it is packed with the program.

`deploy` beside this file is a link to the checkout's `deploy/`; a wheel holds the files themselves.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

import yaml

from podiatrist.api import names
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import CONFIG_MAP, Kind, Object
from podiatrist.doctor.kinds import SECRET, find_shipped_kind

Key = tuple[str, str, str]
"""Kind, namespace ("" where it has none) and name."""


EXAMPLE_TEAM = "shop"
"""Whose namespace stands in `deploy/namespaced/`, for each user to replace by his own."""

NAMESPACES = "PODIATRIST_NAMESPACES"
"""The setting that confines Podiatrist to some namespaces."""

_TEAM_FOLDER, _TEAM_FILE = "namespaced", "namespaced/10-team.yaml"
_ONCE = (
    "00-namespace.yaml",
    "01-crd.yaml",
    "03-priority.yaml",
    "20-approver.yaml",
    "30-admission.yaml",
    "31-stamp.yaml",
)
"""What a cluster admin applies for an installation that has no right in the whole cluster."""


@dataclass(frozen=True)
class Manifest:
    """One object of `deploy/`, and the file it stands in, as seen from there."""

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
    def of_executor(self) -> bool:
        """Whether it goes when the executor's file is deleted, so that nothing is executed."""
        return PurePosixPath(self.file).name == "executor.yaml"

    @property
    def told(self) -> str:
        """What a human calls it: `ClusterRole podiatrist-read`."""
        return f"{self.kind.kind} {self.name}"

    @property
    def apply(self) -> str:
        """The command that puts it in place."""
        if self.file == _TEAM_FILE and self.namespace != EXAMPLE_TEAM:
            edit = f"s/namespace: {EXAMPLE_TEAM}$/namespace: {self.namespace}/"
            return f"sed '{edit}' deploy/{self.file} | kubectl apply -f -"
        return f"kubectl apply -f deploy/{self.file}"


def shipped(namespaces: Sequence[str] = ()) -> tuple[Manifest, ...]:
    """Return all objects of `deploy/` in order, but for Secrets: those are the user's.

    With `namespaces`, those of an installation that is confined to them: what an admin applies
    once, and `deploy/namespaced/` with the example's Roles for each of them.

    Raises LookupError for a kind that `kinds.py` does not know (a test sees to it), ClusterError
    where the program was packed without its manifests.
    """
    folder = files("podiatrist.doctor").joinpath("deploy")
    if not folder.is_dir():
        raise ClusterError(
            "this program was packed without deploy/, so there is nothing to hold the cluster "
            "against; install it anew: pip install podiatrist"
        )
    everything = _manifests(folder)
    if not namespaces:
        return tuple(everything)
    team = _manifests(folder.joinpath(_TEAM_FOLDER), f"{_TEAM_FOLDER}/")
    return (
        *(manifest for manifest in everything if manifest.file in _ONCE),
        *(made for manifest in team for made in _for_teams(manifest, namespaces)),
    )


def _manifests(folder: Traversable, before: str = "") -> Iterator[Manifest]:
    for file in sorted(folder.iterdir(), key=str):
        if file.name.endswith(".yaml"):
            yield from parse_manifests(before + file.name, file.read_text("utf-8"))


def _for_teams(manifest: Manifest, namespaces: Sequence[str]) -> Iterator[Manifest]:
    """Yield an object of the example for each namespace, or with the names of them all."""
    for namespace in namespaces if manifest.namespace == EXAMPLE_TEAM else (names.NAMESPACE,):
        body = copy.deepcopy(manifest.body)
        body["metadata"]["namespace"] = namespace
        if manifest.kind is CONFIG_MAP:
            body["data"][NAMESPACES] = " ".join(namespaces)
        yield Manifest(manifest.file, manifest.kind, body)


def parse_manifests(file: str, text: str) -> list[Manifest]:
    """Return the objects of one file. Raises LookupError as `shipped` does."""
    found = [_manifest(file, body) for body in yaml.safe_load_all(text) if body]
    return [manifest for manifest in found if manifest.kind != SECRET]


def _manifest(file: str, body: Object) -> Manifest:
    kind = find_shipped_kind(body["apiVersion"], body["kind"])
    if kind is None:
        raise LookupError(f"deploy/{file}: doctor/kinds.py does not know {body['kind']}")
    return Manifest(file, kind, body)
