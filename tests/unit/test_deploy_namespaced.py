"""`deploy/namespaced/`: no right in the whole cluster, and none that `deploy/` does not grant."""

from typing import Any

import pytest
import yaml

from podiatrist.cluster.kinds import CONFIG_MAP
from podiatrist.doctor.kinds import CLUSTER_ROLE
from podiatrist.doctor.rights import ACCOUNTS, EVERYWHERE, Right, Rights, shipped_rights
from podiatrist.doctor.shipped import EXAMPLE_TEAM, Manifest, shipped
from podiatrist.handlers.settings import Settings
from tests.namespaced import COPIED, NAMESPACED, rendered

OF_THE_CLUSTER = {
    "nodes", "nodes.metrics.k8s.io", "persistentvolumes", "storageclasses.storage.k8s.io",
    "volumeattachments.storage.k8s.io", "ingressclasses.networking.k8s.io",
    "priorityclasses.scheduling.k8s.io",
}  # fmt: skip
"""What belongs to no namespace: no Role reaches it."""

OURS = Right("podiatrist", "get", "configmaps", "executor")
"""The kill switch, which an installation for the whole cluster reads as it reads all ConfigMaps."""


def confined(*namespaces: str) -> tuple[Manifest, ...]:
    return shipped(namespaces)


def team_rights(account: str) -> Rights:
    return shipped_rights(confined(EXAMPLE_TEAM), account)


def wanted(account: str) -> Rights:
    """Return what an account has everywhere, as far as a Role in the team's namespace reaches."""
    found: set[Right] = {OURS} if account == "executor" else set()
    for right in shipped_rights(shipped(), account):
        if right.namespace != EVERYWHERE:
            found.add(right)
        elif right.resource == "namespaces":
            found.add(Right(EXAMPLE_TEAM, "get", "namespaces"))
        elif right.resource not in OF_THE_CLUSTER | {"leases.coordination.k8s.io"}:
            # (Leases of kubelets are in a namespace of their own: they are about nodes)
            found.add(right._replace(namespace=EXAMPLE_TEAM))
    return frozenset(found)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_team_is_given_what_the_whole_cluster_is_and_not_more(account: str) -> None:
    assert team_rights(account) == wanted(account)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_right_holds_outside_the_team_and_our_own_namespace(account: str) -> None:
    assert {right.namespace for right in team_rights(account)} <= {EXAMPLE_TEAM, "podiatrist"}


def test_all_of_it_lives_in_a_namespace() -> None:
    """A team may apply it without a right in the whole cluster."""
    team = [m for m in confined(EXAMPLE_TEAM) if m.file.startswith("namespaced/")]
    assert {m.namespace for m in team} == {EXAMPLE_TEAM, "podiatrist"}
    assert {m.file.removeprefix("namespaced/") for m in team} == {
        file.name for file in NAMESPACED.iterdir()
    }


def test_what_an_admin_applies_once_grants_our_accounts_nothing() -> None:
    once = [m for m in confined(EXAMPLE_TEAM) if not m.file.startswith("namespaced/")]
    assert [m.name for m in once if m.kind is CLUSTER_ROLE] == ["podiatrist-approver"]
    assert all(not shipped_rights(once, account) for account in ACCOUNTS)


@pytest.mark.parametrize("file", COPIED)
def test_copies_are_fresh(file: str) -> None:
    assert (NAMESPACED / file).read_text() == rendered(file), "run `make namespaced`"


def test_nothing_else_of_deploy_is_left_out() -> None:
    """Each object of `deploy/` is there, but for the cluster-wide Roles and their bindings."""
    there = {m.key for m in confined(EXAMPLE_TEAM)}
    missing = [m for m in shipped() if m.key not in there]
    assert {m.kind.kind for m in missing} == {"ClusterRole", "ClusterRoleBinding"}


def test_the_example_is_one_namespace_named_in_two_files() -> None:
    named = {
        file.name
        for file in NAMESPACED.iterdir()
        if any(EXAMPLE_TEAM in str(body) for body in bodies(file.read_text()))
    }
    assert named == {"02-settings.yaml", "10-team.yaml"}
    (settings,) = [m for m in confined(EXAMPLE_TEAM) if m.kind is CONFIG_MAP]
    assert Settings(namespaces=settings.body["data"]["PODIATRIST_NAMESPACES"]).confines.namespaces


def bodies(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def test_each_team_has_its_roles_and_the_way_to_apply_them() -> None:
    two = confined("data", "billing")
    (settings,) = [m for m in two if m.kind is CONFIG_MAP]
    assert settings.body["data"] == {"PODIATRIST_NAMESPACES": "data billing"}
    reads = [m for m in two if (m.kind.kind, m.name) == ("Role", "podiatrist-read")]
    assert [m.namespace for m in reads] == ["data", "billing"]
    assert reads[0].apply == (
        "sed 's/namespace: shop$/namespace: data/' deploy/namespaced/10-team.yaml"
        " | kubectl apply -f -"
    )


def test_what_that_command_makes_is_what_is_expected() -> None:
    text = (NAMESPACED / "10-team.yaml").read_text().replace("namespace: shop\n", "namespace: x\n")
    assert bodies(text) == [m.body for m in confined("x") if m.file == "namespaced/10-team.yaml"]
