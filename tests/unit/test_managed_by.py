"""Who keeps an object in place: only what that tool alone writes counts."""

import json
from typing import Any

import pytest
from hypothesis import given

from podiatrist.cluster.managed_by import ManagedBy, managed_by
from tests.unit.builders import deployment
from tests.unit.test_field_managers import ODD, recorded

TRACKING = "argocd.argoproj.io/tracking-id"
FLUX = "kustomize.toolkit.fluxcd.io"
HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "web-1.2.3"},
    "annotations": {
        "meta.helm.sh/release-name": "shop",
        "meta.helm.sh/release-namespace": "shop",
    },
}


def web(labels: Any = None, annotations: Any = None, **metadata: Any) -> Any:
    made = deployment()
    made["metadata"] |= {"labels": labels or {}, "annotations": annotations or {}, **metadata}
    return made


def who(raw: Any) -> tuple[str, str] | None:
    found = managed_by(raw)
    return (found.manager, found.source) if found else None


def owning(manager: str, subresource: str = "") -> list[Any]:
    entry = {"manager": manager, "fieldsV1": {"f:spec": {"f:template": {}}}}
    return [{**entry, "subresource": subresource} if subresource else entry]


def test_argo_cd_is_known_by_the_tracking_id_of_this_very_object() -> None:
    mine = web(annotations={TRACKING: "shop:apps/Deployment:shop/web"})
    assert managed_by(mine) == ManagedBy(
        "Argo CD", "Application shop", "the source of Argo CD Application shop"
    )
    team = web(annotations={TRACKING: "team-a_shop:apps/Deployment:shop/web"})
    assert who(team) == ("Argo CD", "Application shop in namespace team-a")


@pytest.mark.parametrize(
    "copied",
    [
        "shop:apps/Deployment:shop/other",
        "shop:apps/Deployment:elsewhere/web",
        "shop:apps/ReplicaSet:shop/web",
        "shop",
        "",
    ],
)
def test_a_tracking_id_of_another_object_was_copied_and_tells_nothing(copied: str) -> None:
    assert managed_by(web(annotations={TRACKING: copied})) is None


def test_argo_cd_is_known_by_its_own_label_and_its_field_manager() -> None:
    assert who(web({"argocd.argoproj.io/instance": "shop"})) == ("Argo CD", "Application shop")
    assert who(recorded("argo-cd-taken-back")) == ("Argo CD", "an Application")


def test_the_label_that_everybody_uses_is_no_sign() -> None:
    assert managed_by(web({"app.kubernetes.io/instance": "shop"})) is None
    assert managed_by(web({"app.kubernetes.io/managed-by": "Helm"})) is None
    assert managed_by(recorded("kubectl-users")) is None


def test_flux_is_known_by_the_labels_of_both_controllers_and_their_field_managers() -> None:
    named = web({f"{FLUX}/name": "apps", f"{FLUX}/namespace": "flux-system"})
    assert managed_by(named) == ManagedBy(
        "Flux",
        "Kustomization flux-system/apps",
        "below spec.path of Flux Kustomization flux-system/apps",
    )
    release = {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop"}
    assert who(web(release)) == ("Flux", "HelmRelease shop/web")
    assert who(web(managedFields=owning("kustomize-controller"))) == ("Flux", "a Kustomization")
    assert who(web(managedFields=owning("helm-controller"))) == ("Flux", "a HelmRelease")
    assert managed_by(web(managedFields=owning("kustomize-controller", "status"))) is None


def test_what_a_human_took_out_of_reconciliation_is_not_taken_back() -> None:
    off = {f"{FLUX}/reconcile": "disabled"}
    labels = {f"{FLUX}/name": "apps", f"{FLUX}/namespace": "flux-system"}
    assert managed_by(web(labels, off, managedFields=owning("kustomize-controller"))) is None


def test_helm_is_known_by_its_release_its_chart_and_its_field_manager() -> None:
    assert managed_by(web(**HELM)) == ManagedBy(
        "Helm", "release shop in namespace shop", "values of chart web-1.2.3, release shop"
    )
    assert who(web({"helm.sh/chart": "web-1.2.3"})) == ("Helm", "chart web-1.2.3")
    assert who(web(managedFields=owning("helm"))) == ("Helm", "a release")


def test_kustomize_is_known_by_its_label_and_its_origin_tells_the_file() -> None:
    assert who(web({"app.kubernetes.io/managed-by": "kustomize-v5.8.1"})) == (
        "Kustomize",
        "a kustomization",
    )
    origin = "path: base/web.yaml\nrepo: https://example.org/shop\nref: v1\n"
    found = managed_by(web(annotations={"config.kubernetes.io/origin": origin}))
    assert found is not None
    assert found.hint == "base/web.yaml of https://example.org/shop at v1"


def test_who_takes_changes_back_comes_first_and_keeps_the_hint_of_the_others() -> None:
    """Given a chart that Argo CD renders, with an origin from Kustomize: it is Argo CD's."""
    marks = HELM["annotations"] | {
        TRACKING: "shop:apps/Deployment:shop/web",
        "config.kubernetes.io/origin": "path: base/web.yaml\n",
    }
    found = managed_by(web(HELM["labels"], marks))
    assert found is not None
    assert (found.manager, found.source) == ("Argo CD", "Application shop")
    assert found.hint == "base/web.yaml; the source of Argo CD Application shop"
    flux = {f"{FLUX}/name": "apps"} | HELM["labels"]
    assert who(web(flux, HELM["annotations"])) == ("Flux", "Kustomization apps")


def test_what_has_a_controller_carries_the_marks_of_its_owner_only() -> None:
    """Given a ReplicaSet, to which the Deployment's annotations are copied: nobody keeps it."""
    owner = {"kind": "Deployment", "name": "web", "uid": "u", "controller": True}
    assert managed_by(web(**HELM, ownerReferences=[owner])) is None
    assert managed_by(web(**HELM, ownerReferences=[{**owner, "controller": False}])) is not None


@given(ODD, ODD, ODD, ODD)
def test_whatever_stands_there_nothing_raises(a: Any, b: Any, c: Any, d: Any) -> None:
    marks = {TRACKING: a, "config.kubernetes.io/origin": b, "helm.sh/chart": c}
    managed_by({"metadata": {"labels": a, "annotations": marks, "ownerReferences": b}, "kind": c})
    managed_by({"metadata": {"labels": marks, "annotations": b, "managedFields": d}})
    found = managed_by({"metadata": {"labels": {"argocd.argoproj.io/instance": json.dumps(a)}}})
    assert found is None or len(found.hint) <= 200
