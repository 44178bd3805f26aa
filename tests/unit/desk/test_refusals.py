"""What the API server says against a request, as people read it."""

import pytest

from podiatrist.desk.refusals import sentence

POLICY = (
    'diagnoses.podiatrist.dev "web-7f3a9c" is forbidden: ValidatingAdmissionPolicy '
    "'podiatrist-approval' with binding 'podiatrist-approval' denied request: "
)
CANNOT = 'is forbidden: User "bob" cannot'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"{POLICY}bob may not approve here", "bob may not approve here"),
        (
            (f'diagnoses.podiatrist.dev {CANNOT} list resource "diagnoses" in API group '
            '"podiatrist.dev" at the cluster scope; name a namespace with -n'),
            "bob may not list diagnoses in all namespaces; name a namespace with -n",
        ),
        (
            (f'diagnoses.podiatrist.dev "web-1" {CANNOT} patch resource "diagnoses" in API group '
            '"podiatrist.dev" in the namespace "shop"'),
            ("bob may not patch diagnoses web-1 in namespace shop; to approve takes ClusterRole "
            "podiatrist-approver there, which whoever administers the cluster can bind to you"),
        ),
        (
            (f'the API server would refuse it: deployments.apps "web" {CANNOT} patch resource '
            '"deployments" in API group "apps" in the namespace "shop"'),
            "the API server would refuse it: bob may not patch deployments web in namespace shop",
        ),
        ("no such thing", "no such thing"),
    ],
)  # fmt: skip
def test_refusals_are_sentences(said: str, told: str) -> None:
    assert sentence(said) == told
