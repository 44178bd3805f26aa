"""The agent's kubectl against a real API server: it reads, and that is all."""

import asyncio
import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podiatrist.cluster.connect import connect
from podiatrist.cluster.kubectl import Kubectl, Output, RefusedCommandError
from podiatrist.cluster.reader_access import ReaderAccess
from tests.cluster import Cluster
from tests.e2e.kube import Kube, until

SECRET = "s3cr3tValue12345"  # noqa: S105 - made up
ENCODED = base64.b64encode(SECRET.encode()).decode()
WRAPPED = base64.b64encode(f"password={SECRET}".encode()).decode()

LOG = f"""echo starting
echo "DB_PASSWORD={SECRET} and {SECRET}"
echo '{{"level":"error","msg":"login failed","password":"{SECRET}"}}'
echo connecting to postgres://app:{SECRET}@db:5432/shop
echo {WRAPPED}
echo Authorization: Bearer {SECRET}
echo dial tcp 10.96.0.12:5432: connection refused
sleep 600"""


async def _kubeconfig(cluster: Cluster, folder: Path) -> Path:
    async with connect(cluster.kubeconfig, "test") as client:
        access = ReaderAccess(client, folder)
        path = await access.kubeconfig()
        assert await access.kubeconfig() == path
        return path


@pytest.fixture
def reader(kube: Kube, tmp_path: Path) -> Kubectl:
    """kubectl as the agent has it: with a token of ServiceAccount reader."""
    path = asyncio.run(_kubeconfig(kube.cluster, tmp_path))
    assert path.stat().st_mode & 0o777 == 0o600
    return Kubectl(kube.cluster.kubectl, path, namespace=kube.namespace)


@pytest.fixture
def shop(kube: Kube) -> Kube:
    """A namespace with secrets wherever people put them."""
    kube.apply(
        _named("Secret", "db", stringData={"password": SECRET, "plain": SECRET}),
        _named(
            "ConfigMap",
            "app",
            data={
                "password": SECRET,
                "app.properties": f"level=debug\nspring.password={SECRET}\n",
                "manifest.yaml": f"kind: Secret\ndata:\n  plain: {ENCODED}\n",
            },
        ),
        {
            **_named("Pod", "web-1"),
            "metadata": {
                "name": "web-1",
                "labels": {"app": "web"},
                "annotations": {"example.com/token": SECRET, "note": f"password={SECRET}"},
            },
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [
                    {
                        "name": "app",
                        "image": "busybox",
                        "command": ["sh", "-c", LOG],
                        "args": ["--password", SECRET, f"--token={SECRET}"],
                        "env": [
                            {"name": "DB_PASSWORD", "value": f"{SECRET} and {SECRET}"},
                            {"name": "API_TOKEN", "value": f"{SECRET}\n{SECRET}"},
                            {"name": "SIGNING_KEY", "value": SECRET},
                            {"name": "DATABASE_URL", "value": f"postgres://a:{SECRET}@db/shop"},
                            {"name": "LEVEL", "value": "debug"},
                            {
                                "name": "FROM_SECRET",
                                "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
                            },
                        ],
                    }
                ],
            },
        },
    )
    return kube


def _named(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **rest}


def run(kubectl: Kubectl, line: str) -> Output:
    return asyncio.run(kubectl.run(line))


def run_among_others(kubectl: Kubectl, line: str) -> Output:
    """Run a line that may look into other tests' namespaces, which end while it looks."""
    shown = run(kubectl, line)
    for _ in range(5):
        if 'NotFound): namespaces "t-' not in shown.text:
            break
        shown = run(kubectl, line)
    return shown


READS = (
    "get pods", "get pods -o wide", "get pods -o name", "get pods --show-labels",
    "get pods -o yaml", "get pods -o json", "get pod web-1 -o yaml", "get pod/web-1 -oyaml",
    "get cm", "get cm app", "get cm app -o yaml", "get cm app -o json", "get configmaps -A -o yaml",
    "get pods,cm -o yaml", "get pods,configmaps", "get all", "get all -o yaml", "get sa -o yaml",
    "describe pod web-1", "describe pods", "describe pod -l app=web", "describe cm app",
    "describe configmaps", "describe cm/app", "describe sa default", "describe node",
    "describe ns", "logs web-1", "logs pod/web-1", "logs web-1 -c app", "logs -l app=web",
    "logs web-1 --timestamps", "logs web-1 --tail=3", "logs -l app=web --prefix", "events",
    "events --for pod/web-1", "events -o yaml", "get events", "get events -o yaml",
    "get events --sort-by=.lastTimestamp", "get nodes -o wide", "get pods -L app",
    "explain pod.spec.containers", "version", "cluster-info", "api-resources",
    "auth can-i list pods", "auth can-i --list",
)  # fmt: skip

HALVES = (
    "get pod web-1 nobody -o yaml", "get pod web-1 nobody -o json", "describe pod web-1 nobody",
    "get cm app nobody -o yaml", "describe cm app nobody", "logs web-1 -c nobody",
)  # fmt: skip
"""Where kubectl shows something and fails all the same."""

ATTEMPTS = (
    "get secret", "get secrets", "get secret db -o yaml", "get secret/db -o yaml", "get Secret db",
    "get SECRETS", "get secrets.v1.", "get secrets.v1 db", "get pods,secrets -o yaml",
    "get all,secret", "get pod/web-1 secret/db -o yaml", "get sec'rets' -o yaml",
    "get se\\crets", "describe secret db", "describe pods,secrets", "describe secret/db",
    "get --raw /api/v1/secrets", "get pods --raw=/api/v1/namespaces/default/secrets",
    "get secret db -o jsonpath={.data}", "get cm app -o jsonpath='{.data.password}'",
    "get cm app -o custom-columns=X:.data.password", "get cm app -o go-template='{{.data}}'",
    "get cm app --template='{{.data}}'", "get pods --as=system:admin", "get pods -v=9",
    "get pods -v9", "get pods --token=x", "get pods -shttps://127.0.0.1:1",
    "get pods --kubeconfig=/etc/passwd", "get -f /etc/passwd", "get cm app -o yaml -w",
    "exec web-1 -- env", "cp web-1:/etc/passwd /tmp/x", "debug web-1", "proxy", "config view --raw",
    "cluster-info dump", "delete pod web-1", "create token reader -n podiatrist",
    "annotate pod web-1 a=b", "auth can-i get secrets", "explain secrets", "evil", "aliased",
    "get pods -L example.com/token",
)  # fmt: skip


@pytest.mark.containers
def test_no_secret_comes_out_in_any_spelling(shop: Kube, reader: Kubectl) -> None:
    """Given secrets in a Secret, a ConfigMap, a pod and its log, when all is read, none is seen."""
    until(
        lambda: ("refused" in shop("logs", "web-1", check=False), shop("get", "pods")),
        "log of web-1",
    )
    assert SECRET in shop("logs", "web-1"), "it is there to be seen"
    assert SECRET in shop("describe", "pod", "web-1")
    for line in (*READS, *HALVES):
        shown = run_among_others(reader, line)
        assert shown.ok == (line in READS), (line, shown)
        for secret in (SECRET, ENCODED, WRAPPED):
            assert secret not in shown.text, (line, shown.text)
    for line in ATTEMPTS:
        with pytest.raises(RefusedCommandError):
            run(reader, line)


@pytest.mark.containers
def test_what_explains_a_fault_can_be_read(shop: Kube, reader: Kubectl) -> None:
    """Given a pod, when it is looked at, then states, references and log lines are there."""
    until(
        lambda: ("refused" in shop("logs", "web-1", check=False), shop("get", "pods")),
        "log of web-1",
    )
    assert "dial tcp 10.96.0.12:5432: connection refused" in run(reader, "logs web-1").text
    described = run(reader, "describe pod web-1").text
    assert "<set to the key 'password' in secret 'db'>" in described
    assert "LEVEL:" in described
    assert "Successfully assigned" in described
    as_yaml = run(reader, "get pod web-1 -o yaml").text
    assert "secretKeyRef:" in as_yaml
    assert "key: password" in as_yaml
    assert "managedFields" not in as_yaml
    assert "level=debug" in run(reader, "describe cm app").text
    missing = run(reader, "get pod nobody")
    assert not missing.ok
    assert missing.text == 'Error from server (NotFound): pods "nobody" not found'


def test_a_token_that_ends_soon_is_replaced(cluster: Cluster, tmp_path: Path) -> None:
    """Given a kubeconfig, when its token has minutes left, then the next one asked for is fresh."""
    now = [datetime.now(UTC)]

    async def story() -> tuple[str, str, str]:
        async with connect(cluster.kubeconfig, "test") as client:
            access = ReaderAccess(client, tmp_path, now=lambda: now[0])
            first = (await access.kubeconfig()).read_text()
            now[0] += timedelta(minutes=15)
            later = (await access.kubeconfig()).read_text()
            now[0] += timedelta(minutes=10)
            last = (await access.kubeconfig()).read_text()
            return first, later, last

    first, later, last = asyncio.run(story())
    assert first == later
    assert last != first


def test_a_token_lasts_as_long_as_it_is_needed(cluster: Cluster, tmp_path: Path) -> None:
    """Given a fresh token, when one is needed for more than an hour, then it is replaced."""

    async def story() -> list[float]:
        async with connect(cluster.kubeconfig, "test") as client:
            access = ReaderAccess(client, tmp_path)
            short = lasts(await access.kubeconfig(seconds=300))
            return [short, lasts(await access.kubeconfig(seconds=4500))]

    short, long = asyncio.run(story())
    assert 600 < short < 4500
    assert long > 4500


def lasts(kubeconfig: Path) -> float:
    """Return the seconds until the token of a kubeconfig ends, as the token itself says."""
    token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
    payload = token.split(".")[1]
    ends = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
    return float(ends) - datetime.now(UTC).timestamp()


def test_a_hole_in_the_grammar_would_change_nothing(kube: Kube, reader: Kubectl) -> None:
    """Given the reader's own credentials, when kubectl is used without us, then RBAC says no."""
    kube.apply(_named("Secret", "db", stringData={"plain": SECRET}))
    bare = [str(reader.binary), f"--kubeconfig={reader.kubeconfig}", "-n", kube.namespace]
    for arguments in (
        ["get", "secret", "db"],
        ["create", "configmap", "x"],
        ["create", "token", "default"],
        ["delete", "secret", "db"],
        ["annotate", "namespace", kube.namespace, "a=b"],
        ["get", "--raw", "/api/v1/secrets"],
    ):
        done = subprocess.run([*bare, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode, arguments
        assert "forbidden" in done.stderr.lower(), (arguments, done.stderr)


def test_neither_plugins_nor_aliases_of_whoever_started_us_are_run(
    kube: Kube, reader: Kubectl, tmp_path: Path
) -> None:
    """Given a plugin and a kuberc that kubectl itself obeys, when we run it, then it does not."""
    home, ran = tmp_path / "home", tmp_path / "ran"
    (home / ".kube").mkdir(parents=True)
    plugin = home / "kubectl-evil"
    plugin.write_text(f"#!/bin/sh\necho ran > {ran}\n")
    plugin.chmod(0o755)
    (home / ".kube" / "kuberc").write_text(
        "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n"
        "aliases:\n- name: aliased\n  command: get\n  appendArgs: [namespaces]\n"
        "defaults:\n- command: get\n  options:\n  - name: output\n    default: json\n"
    )
    theirs = {"PATH": str(home), "HOME": str(home)}
    bare = [str(reader.binary), f"--kubeconfig={reader.kubeconfig}"]

    def without_us(*arguments: str) -> str:
        return subprocess.run(
            [*bare, *arguments], env=theirs, capture_output=True, text=True, check=True
        ).stdout

    subprocess.run([str(reader.binary), "evil"], env=theirs, check=True)
    assert ran.exists(), "kubectl itself runs the plugin"
    ran.unlink()
    assert without_us("get", "pods", "-n", kube.namespace).startswith("{")
    assert "kube-system" in without_us("aliased")

    # even where credential helpers of a person's kubeconfig need PATH and HOME
    ours = Kubectl(reader.binary, reader.kubeconfig, environment=theirs)
    for line in ("evil", "kubectl evil", "aliased", "kubectl aliased"):
        with pytest.raises(RefusedCommandError):
            run(ours, line)
    shown = run(ours, f"get pods -n {kube.namespace}")
    assert shown.text == f"No resources found in {kube.namespace} namespace."
    assert not ran.exists()
