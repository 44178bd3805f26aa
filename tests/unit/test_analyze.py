"""All rules together: a defect in one is said, and hides nothing of the others."""

from podiatrist.analyzers import analyze
from podiatrist.analyzers.common.result import Result
from podiatrist.analyzers.images import images
from podiatrist.cluster.snapshot import Snapshot
from tests.unit.builders import World, container, deployment, not_found, pod_of


def broken(_: Snapshot) -> list[Result]:
    raise IndexError("a defect")


def test_a_rule_that_fails_is_a_finding_beside_those_of_the_others() -> None:
    """Silence would be taken for health."""
    web = deployment(containers=[container(image="ngnix")])
    pod = not_found(pod_of(web), "docker.io/library/ngnix:latest")
    results = analyze(World(web, [pod]).snapshot(), (broken, images.analyze))
    assert [r.finding.reason for r in results] == ["RuleFailed", "ImageNotFound"]
