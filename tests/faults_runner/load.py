"""From a folder to a Fault; every mistake in it is found here, before a cluster is asked."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tests.faults_runner.case import CLUSTER_SCOPED, Case

FAULTS = Path(__file__).resolve().parents[1] / "faults"
SECRET_LENGTH = 8
"""Shorter values of Secrets would be found everywhere by chance."""

_WITH_PODS = frozenset(
    {
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "Pod",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    }
)

Object = dict[str, Any]


class CaseError(Exception):
    """A case that cannot be played; `str()` names the file and what to change."""


class _Loader(yaml.SafeLoader):
    """Refuses what PyYAML lets pass: of two equal keys the first one would silently be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice",
                                                        node.start_mark)  # fmt: skip
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Manifest:
    """One file of objects, in the case's order."""

    name: str
    text: str

    def objects(self) -> list[Object]:
        """Return the objects in it; Lists are taken apart."""
        found: list[Object] = []
        for document in yaml.load_all(self.text, _Loader):
            if document is not None:
                found += document["items"] if document.get("kind") == "List" else [document]
        return found


@dataclass(frozen=True)
class Fault:
    """A case and its manifests."""

    name: str
    case: Case
    manifests: tuple[Manifest, ...]

    def secrets(self) -> set[str]:
        """Return the values of the case's Secrets, plain and encoded."""
        return {v for m in self.manifests for o in m.objects() for v in secret_values(o)}


def load_all(folder: Path = FAULTS) -> list[Fault]:
    """Return all cases by name. Raises CaseError."""
    return [load(path) for path in case_folders(folder)]


def case_folders(folder: Path = FAULTS) -> list[Path]:
    """Return the folders of all cases by name."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._")


def load(folder: Path, namespace: str = "a-namespace", node: str = "a-node") -> Fault:
    """Return one case with its placeholders filled in. Raises CaseError."""
    if not re.fullmatch(r"[a-z0-9-]{3,48}", folder.name):
        raise CaseError(f"{folder}: name it in lower case, with dashes, 3 to 48 letters")

    def read(path: Path) -> str:
        text = path.read_text()
        return text.replace("__NAMESPACE__", namespace).replace("__NODE__", node)

    path = folder / "case.yaml"
    if not path.exists():
        raise CaseError(f"{path}: is not there; docs/faults.md says what it holds")
    try:
        case = Case.model_validate(yaml.load(read(path), _Loader))  # noqa: S506 - a SafeLoader
    except ValidationError as error:
        raise CaseError("\n".join(f"{path}: {line}" for line in _spelled(error))) from None
    except yaml.YAMLError as error:
        raise CaseError(f"{path}: {error}") from None
    files = sorted(p for p in folder.iterdir() if p != path)
    manifests = tuple(Manifest(p.name, read(p)) for p in files)
    for p, manifest in zip(files, manifests, strict=True):
        for mistake in _mistakes(case, manifest):
            raise CaseError(f"{p}: {mistake}")
    if not manifests:
        raise CaseError(f"{folder}: has no manifests; name them 01-web.yaml, 02-...")
    for name in case.after:
        if name not in [m.name for m in manifests]:
            raise CaseError(f"{path}: after.{name}: there is no such manifest beside it")
    return Fault(folder.name, case, manifests)


def secret_values(item: Object) -> Iterator[str]:
    """Yield what must never be repeated of an object: a Secret's values, plain and encoded."""
    if item.get("kind") != "Secret":
        return
    for value in (item.get("stringData") or {}).values():
        yield value
        yield base64.b64encode(value.encode()).decode()
    for value in (item.get("data") or {}).values():
        yield value
        yield base64.b64decode(value, validate=True).decode("utf-8", "replace")


def _spelled(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"] if part not in ("Check", "str"))
        yield f"{where}: {one['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _mistakes(case: Case, manifest: Manifest) -> Iterator[str]:
    if not re.fullmatch(r"\d\d-[a-z0-9-]+\.yaml", manifest.name):
        yield "only case.yaml and manifests named 01-web.yaml, 02-... belong here"
        return
    try:
        objects = manifest.objects()
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        yield f"is no list of objects: {error}"
        return
    if not objects:
        yield "is empty"
    for item in objects:
        for mistake in _mistakes_of(case, item):
            metadata = item.get("metadata") or {}
            yield f"{item.get('kind')}/{metadata.get('name')}: {mistake}"


def _mistakes_of(case: Case, item: Object) -> Iterator[str]:
    metadata = item.get("metadata") or {}
    if not (item.get("apiVersion") and item.get("kind") and metadata.get("name")):
        yield "an object needs apiVersion, kind and metadata.name"
        return
    if not case.serial and item["kind"] in CLUSTER_SCOPED:
        yield "is in no namespace: set `serial: true` in case.yaml"
    if not case.serial and metadata.get("namespace", "a-namespace") != "a-namespace":
        yield "leave metadata.namespace out (or write __NAMESPACE__)"
    if item["kind"] in _WITH_PODS:
        for spec in _pod_specs(item):
            if "terminationGracePeriodSeconds" not in spec:
                yield "set terminationGracePeriodSeconds (1, if it does not matter) in its pods"
    try:
        values = list(secret_values(item))
    except (ValueError, AttributeError, TypeError) as error:
        yield f"`data` must be base64, `stringData` texts: {error}"
        return
    if any(len(value) < SECRET_LENGTH for value in values):
        yield f"give a Secret's values at least {SECRET_LENGTH} letters, so that leaks are found"


def _pod_specs(value: Any) -> Iterator[Object]:
    if isinstance(value, dict):
        if isinstance(value.get("containers"), list):
            yield value
        for part in value.values():
            yield from _pod_specs(part)
