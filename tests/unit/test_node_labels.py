"""Which nodes a pod's label rules allow.

Source: Kubernetes docs, "Assigning Pods to Nodes", and the API reference of NodeSelectorTerm.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.scheduling.node_fit import label_blocker, meets, unmet_terms
from podiatrist.cluster.objects import Node, NodeSelectorTerm, PodSpec, Requirement, parse

LABELS = {"disk": "ssd", "cores": "8", "empty": ""}


def node_with(labels: dict[str, str], name: str = "n1") -> Node:
    parsed = parse(Node, {"metadata": {"name": name, "labels": labels}})
    assert parsed is not None
    return parsed


def spec_of(**fields: Any) -> PodSpec:
    parsed = parse(PodSpec, fields)
    assert parsed is not None
    return parsed


def affinity(*terms: Any) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def rule(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("key", "operator", "values", "met"),
    [
        ("disk", "In", ["hdd", "ssd"], True),
        ("disk", "In", ["hdd"], False),
        ("disk", "In", [], False),
        ("absent", "In", ["x"], False),
        ("empty", "In", [""], True),
        ("disk", "NotIn", ["hdd"], True),
        ("disk", "NotIn", ["ssd"], False),
        ("absent", "NotIn", ["x"], True),  # a missing key is not in any list
        ("disk", "Exists", [], True),
        ("empty", "Exists", [], True),
        ("absent", "Exists", [], False),
        ("absent", "DoesNotExist", [], True),
        ("empty", "DoesNotExist", [], False),
        ("cores", "Gt", ["4"], True),
        ("cores", "Gt", ["8"], False),
        ("cores", "Lt", ["16"], True),
        ("cores", "Lt", ["-1"], False),
        ("absent", "Lt", ["16"], False),
        ("disk", "Gt", ["4"], False),
        ("cores", "Gt", ["four"], False),
        # Gt and Lt take exactly one integer: labels.NewRequirement refuses all of these.
        ("cores", "Gt", ["0", "1"], False),
        ("cores", "Gt", [], False),
        ("cores", "Gt", [" 4 "], False),
        ("cores", "Gt", ["1_0"], False),
        ("cores", "Lt", ["٩"], False),
        ("disk", "Like", ["s*"], False),  # an operator of the future
    ],
)
def test_one_requirement(key: str, operator: str, values: list[str], met: bool) -> None:
    assert meets(Requirement(key=key, operator=operator, values=values), LABELS) is met


def test_all_requirements_of_a_term_must_hold_and_one_term_is_enough() -> None:
    hdd, ssd = rule("disk", "In", "hdd"), rule("disk", "In", "ssd")
    big = rule("cores", "Gt", "4")
    both = spec_of(affinity=affinity({"matchExpressions": [ssd, big]}))
    assert label_blocker(both, node_with(LABELS)) is None
    one = spec_of(affinity=affinity({"matchExpressions": [hdd]}, {"matchExpressions": [ssd]}))
    assert label_blocker(one, node_with(LABELS)) is None
    neither = spec_of(affinity=affinity({"matchExpressions": [hdd, big]}))
    blocked = label_blocker(neither, node_with(LABELS))
    assert blocked is not None
    assert [r.values for r in blocked.requirements] == [["hdd"]]


def test_the_term_that_comes_closest_is_the_one_named() -> None:
    far = {"matchExpressions": [rule("a", "Exists"), rule("b", "Exists")]}
    close = {"matchExpressions": [rule("c", "Exists"), rule("disk", "Exists")]}
    blocked = label_blocker(spec_of(affinity=affinity(far, close)), node_with(LABELS))
    assert blocked is not None
    assert [r.key for r in blocked.requirements] == ["c"]


def test_selector_and_affinity_must_both_hold() -> None:
    spec = spec_of(
        nodeSelector={"disk": "hdd"}, affinity=affinity({"matchExpressions": [rule("x", "Exists")]})
    )
    blocked = label_blocker(spec, node_with(LABELS))
    assert blocked is not None
    assert [r.key for r in blocked.requirements] == ["disk", "x"]


@pytest.mark.parametrize("terms", [[], [{}], [{"matchExpressions": []}]])
def test_a_selector_without_requirements_matches_no_node(terms: list[Any]) -> None:
    assert label_blocker(spec_of(affinity=affinity(*terms)), node_with(LABELS)) is not None


def test_an_empty_term_does_not_spoil_the_others() -> None:
    spec = spec_of(affinity=affinity({}, {"matchExpressions": [rule("disk", "Exists")]}))
    assert label_blocker(spec, node_with(LABELS)) is None


def test_a_field_rule_speaks_of_the_nodes_name() -> None:
    spec = spec_of(affinity=affinity({"matchFields": [rule("metadata.name", "In", "n1")]}))
    assert label_blocker(spec, node_with({}, "n1")) is None
    assert label_blocker(spec, node_with({"metadata.name": "n1"}, "n2")) is not None


def test_preferences_never_keep_a_pod_away() -> None:
    preferred = [{"weight": 100, "preference": {"matchExpressions": [rule("x", "Exists")]}}]
    wish = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    assert label_blocker(spec_of(affinity=wish), node_with({})) is None


KEYS, VALUES = st.sampled_from("abc"), st.sampled_from(["1", "2", "x", ""])
LABEL_SETS = st.dictionaries(KEYS, VALUES)
REQUIREMENTS = st.builds(
    Requirement,
    key=KEYS,
    operator=st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
    values=st.lists(VALUES, max_size=2),
)


@given(LABEL_SETS, KEYS, st.lists(VALUES))
def test_each_rule_and_its_opposite_disagree(
    labels: dict[str, str], key: str, values: list[str]
) -> None:
    for one, other in (("In", "NotIn"), ("Exists", "DoesNotExist")):
        rules = [Requirement(key=key, operator=o, values=values) for o in (one, other)]
        assert meets(rules[0], labels) is not meets(rules[1], labels)


@given(LABEL_SETS, st.lists(st.lists(REQUIREMENTS, min_size=1, max_size=3), min_size=1, max_size=3))
def test_what_is_named_as_missing_is_missing_and_nothing_else(
    labels: dict[str, str], terms: list[list[Requirement]]
) -> None:
    node = node_with(labels)
    missing = unmet_terms([NodeSelectorTerm(match_expressions=t) for t in terms], node)
    assert bool(missing) is not any(all(meets(r, labels) for r in t) for t in terms)
    assert not any(meets(r, labels) for r in missing)
