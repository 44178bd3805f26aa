"""The CustomResourceDefinition, and the namespace that everything lives in."""

import hashlib
import json

from podiatrist.api import names
from podiatrist.api.crd import build_crd
from podiatrist.cluster.kinds import Object
from podiatrist.doctor.differences import differences
from podiatrist.doctor.installation import Installation
from podiatrist.doctor.kinds import CRD
from podiatrist.doctor.verdict import Chart, Hidden, Verdict

_CRD, _NAMESPACE = Chart("definition"), Chart("namespace")
_APPLY = "podiatrist crd | kubectl apply -f -"
_ENFORCE = "pod-security.kubernetes.io/enforce"

CRD_NAME = f"{names.PLURAL}.{names.GROUP}"


def check_definition(installation: Installation) -> list[Verdict]:
    """Say whether the API server serves Diagnoses, by the schema of this program."""
    found = installation.found.get((CRD.kind, "", CRD_NAME))
    if isinstance(found, Hidden):
        return _CRD.unknown([found])
    if found is None:
        return [_CRD.broken(f"there is no CustomResourceDefinition {CRD_NAME}", _APPLY)]
    conditions = (found.get("status") or {}).get("conditions") or []
    if failed := [c for c in conditions if c.get("type") == "Established"] or [{}]:
        established = failed[0]
        if established.get("status") != "True":
            said = established.get("message") or "the API server has not said why"
            return [
                _CRD.broken(
                    f"CustomResourceDefinition {CRD_NAME} is not Established: {said}",
                    f"kubectl describe crd {CRD_NAME}",
                )
            ]
    expected = build_crd()["spec"]
    if changed := differences(expected, found.get("spec")):
        return [
            _CRD.broken(
                f"CustomResourceDefinition {CRD_NAME} has another schema than this program "
                f"({_digest(found.get('spec') or {})}, not {_digest(expected)}): "
                f"{_first(changed)}",
                _APPLY,
            )
        ]
    return [_CRD.ok(f"{CRD_NAME} {names.VERSION}, schema {_digest(expected)}")]


def check_namespace(installation: Installation) -> list[Verdict]:
    """Say whether our namespace is there and refuses pods that could get out."""
    found = installation.found.get(("Namespace", "", names.NAMESPACE))
    if isinstance(found, Hidden):
        return _NAMESPACE.unknown([found])
    if found is None:
        return [
            _NAMESPACE.broken(
                f"there is no namespace {names.NAMESPACE}",
                "kubectl apply -f deploy/00-namespace.yaml",
            )
        ]
    level = (found["metadata"].get("labels") or {}).get(_ENFORCE)
    if level != "restricted":
        return [
            _NAMESPACE.warning(
                f"namespace {names.NAMESPACE} does not hold its pods to Pod Security restricted "
                f"({_ENFORCE} is {level or 'not set'})",
                f"kubectl label --overwrite namespace {names.NAMESPACE} {_ENFORCE}=restricted",
            )
        ]
    return [_NAMESPACE.ok(f"{names.NAMESPACE}, Pod Security restricted")]


def _digest(spec: Object) -> str:
    """Return a hash of the schemas of a definition, as short as those of git."""
    schemas = [version.get("schema") for version in spec.get("versions") or []]
    text = json.dumps(schemas, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _first(paths: list[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]}{more}"
