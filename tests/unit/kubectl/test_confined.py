import pytest

from podiatrist.cluster.kubectl import RefusedCommandError
from podiatrist.cluster.kubectl.grammar import parse


@pytest.mark.parametrize(
    "line",
    [
        "get pods",
        "get pods -n shop",
        "describe deploy/web --namespace=shop",
        "logs web-1",
        "events",
        "get nodes",
        "describe node node1",
        "get pv -A",
        "explain pod.spec",
        "version",
    ],
)
def test_confined_it_looks_into_its_namespace_and_at_what_belongs_to_none(line: str) -> None:
    assert parse(line, "shop", confined=True).flags.get("namespace", "shop") == "shop"


@pytest.mark.parametrize(
    "line",
    [
        "get pods -A",
        "get pods --all-namespaces=true",
        "get pods -n payroll",
        "-n payroll get pods",
        "logs web-1 -npayroll",
        "describe cm/settings --namespace payroll",
        "events -A",
        "top pods -A",
        "get pods,nodes -A",
        "rollout history deploy/web -n payroll",
        "auth can-i get pods -n payroll",
    ],
)
def test_confined_it_looks_into_no_other_namespace(line: str) -> None:
    parse(line, "shop")
    with pytest.raises(RefusedCommandError, match="only namespace shop may be looked into"):
        parse(line, "shop", confined=True)
