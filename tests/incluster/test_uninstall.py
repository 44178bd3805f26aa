"""`kubectl delete -f deploy` leaves nothing behind."""

from tests.e2e.kube import Kube, deployment
from tests.incluster.installation import Installation


def named(installation: Installation) -> list[str]:
    """Return everything in the cluster whose name or namespace speaks of Podiatrist."""
    admin = installation.kube.admin
    kinds = admin("api-resources", "--verbs=list", "-o", "name").split()
    each = '{.kind}/{.metadata.namespace}/{.metadata.name}{"\\n"}'
    told = admin("get", ",".join(k for k in kinds if not k.startswith("events")), "-A",
                 "--ignore-not-found", "-o", f"jsonpath={{range .items[*]}}{each}{{end}}",
                 check=False)  # fmt: skip
    return [line for line in told.splitlines() if "podiatrist" in line]


def test_nothing_is_left(installation: Installation, kube: Kube) -> None:
    """Given an installation that has worked, when its files are deleted, then all is gone."""
    kube.apply(deployment(image="ngnix"))
    kube.wait_for_diagnosis("AwaitingApproval")
    assert len(named(installation)) > 30, "there is something to be removed"

    installation.remove()

    assert named(installation) == []
    assert kube.all("deployments"), "what is the user's stays"
