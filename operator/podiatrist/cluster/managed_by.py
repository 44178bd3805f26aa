"""From where an object is kept in place: Argo CD, Flux, Helm or Kustomize.

Each rule below names what only that tool writes. `app.kubernetes.io/instance` alone is no sign:
charts and people set it as well. What carries a tool's marks only because its owner does (labels
of a pod template, annotations that a Deployment hands on to its ReplicaSets) is not told: it
has a controller, and nobody keeps it in a repository.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from podiatrist.api.text import clip
from podiatrist.cluster.field_managers import managers_of

Object = dict[str, Any]
Manager = Literal["Argo CD", "Flux", "Helm", "Kustomize"]

_LONGEST = 200
_ORIGIN_LIMIT = 4096
_TRACKING_ID = re.compile(r"([^:/\s]+):([^:/\s]*)/([^:/\s]+):([^:/\s]*)/([^\s]+)")
_ORIGIN_LINE = re.compile(r"^(path|repo|ref|configuredIn):[ \t]*(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ManagedBy:
    """Who keeps an object in place, by what of his, and where its manifest is to be looked for."""

    manager: Manager
    source: str
    hint: str

    @property
    def takes_back(self) -> str:
        """What becomes of a live patch, as half a sentence."""
        return {
            "Helm": "the next upgrade would take a live patch back",
            "Kustomize": "the next apply would take a live patch back",
        }.get(self.manager, "a live patch would be taken back")


def managed_by(raw: Object) -> ManagedBy | None:
    """Return who keeps an object in place, None where nobody is known to.

    Those come first who look again every few minutes and take changes back (Argo CD, Flux), then
    Helm, whose next upgrade does, then Kustomize: a chart that Argo CD renders is Argo CD's.
    """
    metadata = _mapping(_mapping(raw).get("metadata"))
    if _has_controller(metadata):
        return None
    labels, annotations = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    managers = managers_of(raw, "spec")
    found = (
        _argo_cd(raw, metadata, labels, annotations, managers)
        or _flux(labels, annotations, managers)
        or _helm(labels, annotations, managers)
        or _kustomize(labels, annotations)
    )
    if found is None:
        return None
    hint = "; ".join(filter(None, (_origin(annotations), found.hint)))
    return ManagedBy(found.manager, clip(found.source, _LONGEST), clip(hint, _LONGEST))


def _argo_cd(
    raw: Object,
    metadata: Object,
    labels: dict[str, str],
    annotations: dict[str, str],
    managers: frozenset[str],
) -> ManagedBy | None:
    """Annotation argocd.argoproj.io/tracking-id (the default since 3.0), which must name the very
    object: copies of it count as little here as for Argo CD; the label argocd.argoproj.io/instance
    (what installations choose that track by label); its field manager.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/ (form of the
    id: APP:GROUP/KIND:NAMESPACE/NAME; apps outside of Argo CD's namespace: NAMESPACE_NAME), and
    `ArgoCDSSAManager` in argo-cd's common/common.go for the field manager.
    """
    tracked = _TRACKING_ID.fullmatch(annotations.get("argocd.argoproj.io/tracking-id", ""))
    app = labels.get("argocd.argoproj.io/instance", "")
    if tracked and _is_tracked(raw, metadata, *tracked.groups()[2:]):
        app = tracked[1]
    if app:
        home, _, name = app.rpartition("_")
        where = f" in namespace {home}" if home else ""
        return ManagedBy(
            "Argo CD", f"Application {name}{where}", f"the source of Argo CD Application {name}"
        )
    if managers & {"argocd-controller", "argocd-application-controller"}:
        instance = labels.get("app.kubernetes.io/instance")
        like = f", perhaps {instance} (its label app.kubernetes.io/instance)" if instance else ""
        return ManagedBy(
            "Argo CD", "an Application", f"the source of the Argo CD Application it is in{like}"
        )
    return None


def _is_tracked(raw: Object, metadata: Object, kind: str, namespace: str, name: str) -> bool:
    """Whether a tracking id names the object; the namespace of cluster-scoped ones is any."""
    return (
        raw.get("kind", kind) == kind
        and metadata.get("namespace", namespace) == namespace
        and metadata.get("name") == name
    )


def _flux(
    labels: dict[str, str], annotations: dict[str, str], managers: frozenset[str]
) -> ManagedBy | None:
    """Labels NAME and NAMESPACE of the Kustomization or HelmRelease; field managers of the two
    controllers. An object whose reconciliation a human has turned off is not taken back.

    Source: https://fluxcd.io/flux/components/kustomize/kustomizations/ (labels of what is
    applied; annotation kustomize.toolkit.fluxcd.io/reconcile: disabled), and
    https://fluxcd.io/flux/components/helm/helmreleases/.
    """
    off = annotations.get("kustomize.toolkit.fluxcd.io/reconcile") == "disabled"
    name = labels.get("kustomize.toolkit.fluxcd.io/name")
    home = labels.get("kustomize.toolkit.fluxcd.io/namespace", "")
    if name and not off:
        what = f"Kustomization {home}/{name}" if home else f"Kustomization {name}"
        return ManagedBy("Flux", what, f"below spec.path of Flux {what}")
    release = labels.get("helm.toolkit.fluxcd.io/name")
    home = labels.get("helm.toolkit.fluxcd.io/namespace", "")
    if release:
        what = f"HelmRelease {home}/{release}" if home else f"HelmRelease {release}"
        return ManagedBy("Flux", what, f"spec.values of Flux {what}")
    if "kustomize-controller" in managers and not off:
        return ManagedBy("Flux", "a Kustomization", "the source of the Flux Kustomization it is in")
    if "helm-controller" in managers:
        return ManagedBy("Flux", "a HelmRelease", "spec.values of the Flux HelmRelease it is in")
    return None


def _helm(
    labels: dict[str, str], annotations: dict[str, str], managers: frozenset[str]
) -> ManagedBy | None:
    """The label app.kubernetes.io/managed-by=Helm with annotation meta.helm.sh/release-name, which
    Helm sets on all it makes since 3.2 and demands of what it adopts; the label helm.sh/chart
    that charts set; its field manager.

    Source: https://github.com/helm/helm/pull/7649, https://helm.sh/docs/chart_best_practices/labels.
    """
    chart = labels.get("helm.sh/chart")
    release = annotations.get("meta.helm.sh/release-name")
    if labels.get("app.kubernetes.io/managed-by") != "Helm":
        release = None
    if not (release or chart or "helm" in managers):
        return None
    home = annotations.get("meta.helm.sh/release-namespace")
    source = f"release {release}" if release else f"chart {chart}" if chart else "a release"
    where = f" in namespace {home}" if release and home else ""
    values = f"values of chart {chart}" if chart else "values or templates of its chart"
    hint = f"{values}, release {release}" if release else values
    return ManagedBy("Helm", source + where, hint)


def _kustomize(labels: dict[str, str], annotations: dict[str, str]) -> ManagedBy | None:
    """What `buildMetadata` writes: the label app.kubernetes.io/managed-by=kustomize-VERSION, the
    annotations config.kubernetes.io/origin and alpha.config.kubernetes.io/transformations.

    Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/buildmetadata.
    """
    by_label = labels.get("app.kubernetes.io/managed-by", "").startswith("kustomize")
    marks = ("config.kubernetes.io/origin", "alpha.config.kubernetes.io/transformations")
    if not by_label and not any(mark in annotations for mark in marks):
        return None
    origin = "" if _origin(annotations) else "the kustomization that it is built from"
    return ManagedBy("Kustomize", "a kustomization", origin)


def _origin(annotations: dict[str, str]) -> str:
    """Return the file that Kustomize says it took the object from, if it does."""
    text = annotations.get("config.kubernetes.io/origin", "")[:_ORIGIN_LIMIT]
    said = {found[1]: found[2].strip() for found in _ORIGIN_LINE.finditer(text)}
    path = said.get("path") or said.get("configuredIn")
    if not path:
        return ""
    repository = f" of {said['repo']}" if "repo" in said else ""
    ref = f" at {said['ref']}" if "ref" in said else ""
    return f"{path}{repository}{ref}"


def _has_controller(metadata: Object) -> bool:
    owners = metadata.get("ownerReferences")
    listed = owners if isinstance(owners, list) else []
    return any(_mapping(owner).get("controller") is True for owner in listed)


def _mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> dict[str, str]:
    return {str(k): v for k, v in _mapping(value).items() if isinstance(v, str) and v}
