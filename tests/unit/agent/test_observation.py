"""What kubectl repeats of the model's own words is no proof of them; what the cluster says is."""

import pytest

from podiatrist.agent.consultation.observation import observed
from podiatrist.cluster.kubectl import Output
from podiatrist.cluster.kubectl.grammar import parse

TOLD = "The target: Deployment web in namespace shop\nPod web-1 on node n1:\n  its container app:"
CLAIM = "the database refuses all connections"
LABEL_SELECTOR = (
    "Error from server (BadRequest): Unable to find {match label selector} that match label "
    f'selector "{CLAIM}", field selector "": unable to parse requirement: found \'refuses\', '
    "expected: in, notin, =, ==, !=, gt, lt"
)
FIELD_SELECTOR = (
    'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector '
    '"", field selector "database.host=is.wrong": field label not supported: database.host'
)
FORBIDDEN = (
    'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:podiatrist:read"'
    ' cannot list resource "pods" in API group "" in the namespace "shop"'
)


def seen(line: str, text: str, *, ok: bool = True) -> str:
    return observed(Output(parse(line).line, text, ok), TOLD)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"kubectl get pods -n shop -l '{CLAIM}'", LABEL_SELECTOR),
        ("kubectl get pods -n shop --field-selector database.host=is.wrong", FIELD_SELECTOR),
        (
            "kubectl get pods -n shop --field-selector database.host=is.wrong",
            "Error from server (BadRequest): field label not supported: database.host",
        ),
        (
            "kubectl get pods database.refuses.all -n shop",
            'Error from server (NotFound): pods "database.refuses.all" not found',
        ),
        (
            "kubectl get pods database.refuses.all -n shop",
            'Error from server (Forbidden): pods "database.refuses.all" is forbidden',
        ),
        (
            "kubectl logs web-1 -c database.refuses.all -n shop",
            "Error from server (BadRequest): container database.refuses.all is not valid for pod.",
        ),
        ("kubectl get pods -n shop -l app=web", "error: the database is gone"),
    ],
)
def test_a_complaint_that_repeats_the_command_is_not_seen(line: str, said: str) -> None:
    assert seen(line, said, ok=False) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kubectl get pod web-1 -n shop", 'Error from server (NotFound): pods "web-1" not found'),
        ("kubectl get pods -n shop", FORBIDDEN),
        ("kubectl get pods -n shop -l app.kubernetes.io/name=web", FORBIDDEN),
        (
            "kubectl logs web-1 -c app -n shop",
            'Error from server (BadRequest): container "app" in pod "web-1" is waiting to start',
        ),
    ],
)
def test_what_the_server_says_of_what_was_spoken_of_is_seen(line: str, said: str) -> None:
    assert seen(line, said, ok=False) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "kubectl logs -l app=web -n shop -c database.refuses.all --ignore-errors",
            "error: container database.refuses.all is not valid for pod web-1",
        ),
        (
            "kubectl get pods -n database-refuses-all",
            "No resources found in database-refuses-all namespace.",
        ),
        (f"kubectl get pods -n shop -l '{CLAIM}'", f"  for {CLAIM} there is nothing"),
        ("kubectl explain pods", "the documentation"),
    ],
)
def test_nor_is_it_where_kubectl_succeeds(line: str, said: str) -> None:
    assert seen(line, said) == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("kubectl get pods -n shop -l app=web", "No resources found in shop namespace."),
        ("kubectl get pods -l app=web --show-labels", "NAME    LABELS\nweb-1   app=web"),
        ("kubectl logs -l app=checkout -n shop", "error: checkout: no such tenant 4711"),
        ("kubectl describe pods -l app=checkout", "Labels: app=checkout\n  Warning  checkout"),
    ],
)
def test_names_and_labels_in_an_honest_output_are_seen(line: str, said: str) -> None:
    assert seen(line, said) == said


def test_the_head_of_a_column_is_what_the_model_asked_for() -> None:
    line = "kubectl get pods,services -n shop -L database.refuses.all,tier"
    head = "NAME    READY   DATABASE.REFUSES.ALL   TIER"
    assert seen(line, f"{head}\npod/web-1   0/1      back\n\n{head}\nservice/web   x") == (
        "pod/web-1   0/1      back\n\nservice/web   x"
    )


@pytest.mark.parametrize(
    "line",
    [
        "kubectl get diagnoses -o yaml",
        "kubectl get diag web -n shop",
        "kubectl describe diagnosis/web -n shop",
        "kubectl get pods,diagnoses -n shop",
        "kubectl events --for diagnosis/web -n shop",
    ],
)
def test_what_a_diagnosis_holds_is_no_observation(line: str) -> None:
    assert seen(line, "question: is it true that the database is gone?") == ""


@pytest.mark.parametrize("line", ["kubectl frobnicate", "kubectl get secrets", "nonsense"])
def test_what_nobody_could_have_run_shows_nothing(line: str) -> None:
    assert observed(Output(line, "anything", ok=True), TOLD) == ""
