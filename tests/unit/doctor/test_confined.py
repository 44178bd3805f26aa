"""An installation for one team: what it cannot have is not missed, what it should have is."""

import copy
from dataclasses import replace

from podiatrist.doctor.examine import examine
from podiatrist.doctor.installation import Binding, Installation, places_of
from podiatrist.doctor.kinds import CLUSTER_ROLE_BINDING, ROLE_BINDING
from podiatrist.doctor.rights import ACCOUNTS, Right, Rights, holding_in, shipped_rights, username
from podiatrist.doctor.shipped import shipped
from podiatrist.doctor.verdict import Hidden
from tests.unit.doctor.installations import CRD_KEY, complaint, complaints, well

TEAMS = ("data", "billing")


def confined() -> Installation:
    """Return an installation for two teams in which everything is as it should be."""
    manifests, good = shipped(TEAMS), well()

    def effective(account: str) -> Rights:
        rights = shipped_rights(manifests, account)
        return frozenset().union(*(holding_in(rights, place) for place in places_of(TEAMS)))

    return replace(
        good,
        shipped=manifests,
        namespaces=TEAMS,
        found={**{m.key: copy.deepcopy(m.body) for m in manifests}, CRD_KEY: good.found[CRD_KEY]},
        bindings=[
            Binding(m.kind.kind, m.namespace or "", m.name, "role", m.body["subjects"])
            for m in manifests
            if m.kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING)
        ],
        effective={username(account): effective(account) for account in ACCOUNTS},
    )


def test_it_is_well_without_a_cluster_role_and_says_where_it_looks() -> None:
    assert complaints(confined()) == []
    told = [v.seen for v in examine(confined()) if v.check == "namespaces"]
    assert told == ["confined to data, billing: Roles there, and no right in the whole cluster"]


def test_a_namespace_without_its_roles_is_broken() -> None:
    good = confined()
    verdict = complaint(
        replace(good, found={**good.found, ("Role", "data", "podiatrist-read"): None})
    )
    assert verdict.seen == "Role podiatrist-read is missing"
    assert "s/namespace: shop$/namespace: data/" in str(verdict.remedy)


def test_a_right_in_the_whole_cluster_that_was_left_over_is_found() -> None:
    good = confined()
    subject = {"kind": "ServiceAccount", "namespace": "podiatrist", "name": "operator"}
    left = Binding("ClusterRoleBinding", "", "podiatrist-operator-read", "x", [subject])
    bindings = good.bindings if isinstance(good.bindings, list) else []
    verdict = complaint(replace(good, bindings=[*bindings, left]))
    assert verdict.remedy == "kubectl delete clusterrolebinding podiatrist-operator-read"

    who = username("operator")
    known = good.effective[who]
    assert not isinstance(known, Hidden)
    more = known | {Right("default", "list", "pods")}
    verdict = complaint(replace(good, effective={**good.effective, who: more}))
    assert "lets operator do more than was shipped: list pods in namespace default" in verdict.seen


def test_without_the_executors_file_it_only_diagnoses() -> None:
    good = confined()
    parts = {m.key: None for m in good.shipped if m.of_executor}
    found = replace(good, found={**good.found, **parts},
                    workloads={**good.workloads, "executor": None})  # fmt: skip
    assert complaint(found).remedy == "kubectl apply -f deploy/namespaced/executor.yaml"
