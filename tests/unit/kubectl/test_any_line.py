"""Whatever is written, what runs is made of our own words."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podiatrist.cluster.kubectl import Kubectl, RefusedCommandError
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.resources import READABLE
from podiatrist.cluster.kubectl.verbs import VERBS
from tests.unit.kubectl.test_grammar import RUN

KINDS = {kind.full for kind in READABLE} | {kind.plural for kind in READABLE}
FLAGS = {verb.name: {flag.long for flag in verb.flags if not flag.dropped} for verb in VERBS}
OURS = {"limit-bytes", "watch"}
NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.:]*")
ACCESS = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
          "approve"}  # fmt: skip

spellings = st.sampled_from([
    "kubectl", "get", "describe", "logs", "events", "top", "explain", "api-resources", "version",
    "cluster-info", "dump", "rollout", "status", "history", "auth", "can-i", "delete", "exec",
    "pods", "pod", "deploy/web", "deployments.apps", "secrets", "secret", "Secret/db",
    "pods,secrets", "secrets.v1.", "all", "all,secrets", "cm", "cm/app", "nodes", "web-1",
    "-", "--", "-n", "shop",
    "-nshop", "-A", "-Aw", "-w", "-o", "yaml", "-ojson", "-o=jsonpath={.data}",
    "go-template-file=/x",
    "-l", "app=web", "'app in (a,b)'", "--raw=/api/v1/secrets", "--raw", "-s", "-shttp://evil",
    "--server=x", "--token", "--as=root", "-v=9", "--kubeconfig", "--kubeconfig=/x", "-f",
    "http://evil", "-c", "--tail=-1", "--tail", "99999", "-p", "--for", "secret/db", "pod/secret",
    "--sort-by=.data", "|", ";", "&&", "$(id)", "`id`", "'", '"', "\\", "\n", "--namespace=--raw",
    "-n=--raw=/x", "--containers", "--list", "list", "-L", "--template=x", "--watch=true",
])  # fmt: skip
begun = st.sampled_from([line for line, _ in RUN])
honest = st.sampled_from([
    "-n shop", "-A", "-o yaml", "-owide", "web-1", "secret", "-l app=web", "--tail 5", "deploy/web",
    "deploy web", "pods", "--for pod/secrets", "pod.spec", "--no-headers", "-c app", "-p",
])  # fmt: skip
lines = (
    st.tuples(begun, st.lists(honest, max_size=2, unique=True).map(" ".join)).map(" ".join)
    | st.text(max_size=60)
    | st.lists(spellings | st.text(max_size=8), max_size=9).map(" ".join)
    | st.tuples(begun, st.lists(spellings, max_size=3).map(" ".join)).map(" ".join)
)


@pytest.fixture(scope="module")
def kubectl() -> Kubectl:
    return Kubectl(Path("/bin/kubectl"), Path("/ours"))


@given(line=lines)
@example(line="kubectl get pods secrets -n secrets")
@example(line="kubectl get pods --namespace=--raw=/api/v1/secrets")
@example(line="kubectl logs --tail 5 -c secret secret")
@settings(max_examples=1500)
def test_any_line_is_refused_or_becomes_arguments_of_ours(kubectl: Kubectl, line: str) -> None:
    try:
        command = parse(line)
    except RefusedCommandError:
        return
    verb, argv = command.verb, kubectl.argv(command)
    head, rest = argv[:4], argv[4:]
    assert head[:2] == ["/bin/kubectl", "--kubeconfig=/ours"]
    assert head[2].startswith("--cache-dir=/")
    assert head[3] == "--request-timeout=15s"
    assert verb in FLAGS
    own = verb.split()
    assert rest[: len(own)] == own
    check_words(verb, [word for word in rest[len(own) :] if not word.startswith("-")])
    for word in rest:
        if word.startswith("-"):
            check_flag(verb, word)


@given(line=lines)
@settings(max_examples=300)
def test_a_refusal_is_one_line(line: str) -> None:
    try:
        parse(line)
    except RefusedCommandError as error:
        told = str(error)
        assert told
        assert len(told.splitlines()) == 1


def check_flag(verb: str, word: str) -> None:
    name, equals, value = word.removeprefix("--").partition("=")
    assert word.startswith("--")
    assert equals
    assert name in FLAGS[verb] | OURS
    if name == "output":
        assert value in {"wide", "name", "json"}
    if name == "for":
        assert value.partition("/")[0] in KINDS


def check_words(verb: str, words: list[str]) -> None:
    if verb in {"version", "cluster-info", "api-resources", "events"}:
        assert not words
    elif verb == "explain":
        assert words[0].partition(".")[0] in KINDS
        assert len(words) == 1
    elif verb == "auth can-i":
        assert not words or (words[0] in ACCESS and words[1].partition("/")[0] in KINDS)
    elif verb in {"logs", "rollout status", "rollout history"}:
        for word in words:
            kind, slash, name = word.rpartition("/")
            assert NAME.fullmatch(name)
            assert not slash or kind in KINDS
    elif "/" in words[0]:
        for word in words:
            kind, _, name = word.partition("/")
            assert kind in KINDS
            assert NAME.fullmatch(name)
    else:
        assert set(words[0].split(",")) <= KINDS
        assert all(NAME.fullmatch(word) for word in words[1:])


def test_no_kind_of_ours_is_a_secret() -> None:
    assert not any("secret" in kind for kind in KINDS)
