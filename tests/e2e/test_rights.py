"""Who may do what: asked of the API server, and tried."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podiatrist.doctor.rights import EVERYWHERE, Right, Rights, holding_in, username
from tests.cluster import Cluster
from tests.e2e.kube import Kube
from tests.harness.install import identity
from tests.rights import EVERYBODY, PAGE, listed

READS = {"get", "list", "watch"}
NAMESPACES = ("default", "podiatrist", "kube-system")
ROW = re.compile(r"(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]")
"""Resource, URLs, names and verbs, as `kubectl auth can-i --list` prints them."""

Rules = set[tuple[str, str, str]]
"""Verb, resource with group, and the name it is limited to ("" for any)."""

Account = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def account(
    cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], Account]:
    """kubectl as one of our ServiceAccounts."""

    def be(name: str) -> Account:
        config = identity(cluster, name, tmp_path)
        command = [str(cluster.kubectl), "--kubeconfig", str(config)]

        def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command, *arguments], input=stdin, capture_output=True, text=True, check=False
            )

        return run

    return be


def rules_of(run: Account, namespace: str) -> Rules:
    """Return what the API server says that an account may do in a namespace."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    said = run("create", "--validate=false", "-o", "json", "-f", "-", stdin=json.dumps(review))
    assert said.returncode == 0, said.stderr
    status: dict[str, Any] = json.loads(said.stdout)["status"]
    assert not status["incomplete"]
    return {
        (verb, f"{resource}.{group}".rstrip("."), name)
        for rule in status["resourceRules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for group in rule["apiGroups"]
        for name in rule.get("resourceNames") or [""]
    }


def writes(rules: Rules) -> Rules:
    """Return what changes something; everybody may ask what he may do himself."""
    asking = ("authorization.k8s.io", "authentication.k8s.io")
    return {
        rule
        for rule in rules
        if rule[0] not in READS
        and not (rule[0] == "create" and rule[1].startswith("self") and rule[1].endswith(asking))
    }


def told_rights(said: str) -> Rights:
    """Return what `kubectl auth can-i --list` prints; URLs that are no resources are left out.

    kubectl writes diagnoses.podiatrist.dev/status where everybody else says
    diagnoses/status.podiatrist.dev.
    """
    rows = [ROW.fullmatch(line.rstrip()) for line in said.splitlines()]
    assert all(rows), said
    return frozenset(
        Right(EVERYWHERE, verb, re.sub(r"(\..*)/(.*)", r"/\2\1", row[1]), name)
        for row in rows
        if row is not None and row[1]
        for verb in row[4].split()
        for name in row[3].split() or [""]
    )


def forbidden(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and "forbidden" in done.stderr.lower()


@pytest.mark.parametrize("name", ["operator", "executor", "reader"])
def test_nobody_of_us_reads_a_secret(account: Callable[[str], Account], name: str) -> None:
    run = account(name)
    for namespace in NAMESPACES:
        known = {resource for _, resource, _ in rules_of(run, namespace)}
        assert not {r for r in known if "*" in r or r.startswith("secrets")}
        assert forbidden(run("-n", namespace, "get", "secrets"))
        assert forbidden(run("-n", namespace, "get", "secret", "any"))
    assert forbidden(run("get", "secrets", "-A"))
    assert forbidden(run("get", "--raw", "/api/v1/secrets"))


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_the_reader_can_change_nothing(account: Callable[[str], Account], namespace: str) -> None:
    assert writes(rules_of(account("reader"), namespace)) == set()


def test_what_the_reader_tries_to_change_is_refused(
    account: Callable[[str], Account], kube: Kube
) -> None:
    run = account("reader")
    here = ("-n", kube.namespace)
    tried = [
        (*here, "create", "configmap", "x"),
        (*here, "run", "x", "--image=pause"),
        (*here, "create", "deployment", "x", "--image=pause"),
        (*here, "delete", "configmap", "kube-root-ca.crt"),
        (*here, "annotate", "serviceaccount", "default", "a=b"),
        (*here, "create", "token", "default"),
        ("-n", "podiatrist", "create", "token", "reader"),
        ("label", "namespace", kube.namespace, "a=b"),
        ("create", "namespace", "x-reader"),
        ("create", "clusterrolebinding", "x", "--clusterrole=view", "--user=x"),
        ("get", "pods", "--as=admin"),
        ("get", "--raw", "/api/v1/nodes/any/proxy/"),
    ]
    allowed = [arguments for arguments in tried if not forbidden(run(*arguments))]
    assert allowed == []


def test_the_reader_sees_what_an_investigation_needs(
    account: Callable[[str], Account], kube: Kube
) -> None:
    run = account("reader")
    for arguments in (
        ("get", "pods,deployments,events,nodes,configmaps,services,ingresses,jobs", "-A"),
        ("describe", "nodes"),
        ("auth", "can-i", "get", "pods"),
        ("-n", kube.namespace, "describe", "serviceaccount", "default"),
        ("explain", "deployment.spec"),
        ("api-resources",),
    ):
        done = run(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    rules = rules_of(run, kube.namespace)
    assert {("get", "pods/log", ""), ("list", "pods.metrics.k8s.io", "")} <= rules


@pytest.mark.parametrize("name", ["operator", "executor", "reader"])
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_an_account_may_what_the_list_says_and_nothing_else(
    kube: Kube, name: str, namespace: str
) -> None:
    """docs/rights.md: a new right needs a new line and its reason; a lost one fails as well."""
    said = kube.admin(
        *("auth", "can-i", "--list", "--no-headers", "-n", namespace),
        f"--as={username(name)}",
    )
    seen = holding_in(told_rights(said), namespace)
    wanted = holding_in(listed(PAGE.read_text(), name), namespace)
    # what Kubernetes grants to everybody is another thing in another version of it
    everybody = holding_in(EVERYBODY, namespace)
    assert sorted(seen - wanted) == []
    assert sorted(wanted - seen - everybody) == []


def test_the_operator_writes_config_maps_in_its_own_namespace_only(
    account: Callable[[str], Account], kube: Kube
) -> None:
    run = account("operator")
    make = ("create", "configmap", "x-rights", "--dry-run=server")
    assert run("-n", "podiatrist", *make).returncode == 0
    assert forbidden(run("-n", kube.namespace, *make))
    assert forbidden(run("-n", "kube-system", *make))
    taken = run("-n", kube.namespace, "delete", "configmap", "kube-root-ca.crt")
    assert forbidden(taken)


def test_the_operator_gets_a_token_of_the_reader_and_of_nobody_else(
    account: Callable[[str], Account], kube: Kube
) -> None:
    run = account("operator")
    given = run("-n", "podiatrist", "create", "token", "reader", "--duration=10m")
    assert given.returncode == 0, given.stderr
    for name in ("operator", "executor", "default"):
        assert forbidden(run("-n", "podiatrist", "create", "token", name))
    kube("create", "serviceaccount", "reader")
    assert forbidden(run("-n", kube.namespace, "create", "token", "reader"))
    assert forbidden(run("-n", "kube-system", "create", "token", "default"))


def test_the_executor_gets_no_token_and_keeps_no_notes(
    account: Callable[[str], Account],
) -> None:
    run = account("executor")
    assert forbidden(run("-n", "podiatrist", "create", "token", "reader"))
    assert forbidden(run("-n", "podiatrist", "create", "configmap", "x", "--dry-run=server"))
