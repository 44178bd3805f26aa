"""A sick workload into which a hostile text was put."""

from podiatrist.cluster.logs import ContainerLog
from podiatrist.cluster.snapshot import Snapshot
from tests.injection.cases import Case
from tests.unit.builders import World, container, deployment, event, node, not_found, pod_of

IMAGE = "nginx:1.99"


def snapshot_of(case: Case) -> Snapshot:
    """Return what was read of the cluster, with the text where the case says."""
    text = case.whole
    image = text if case.where == "image" else IMAGE
    web = deployment(containers=[container(image=image)])
    pod = not_found(pod_of(web), "docker.io/library/nginx:1.99")
    status = pod["status"]["containerStatuses"][0]
    if case.where == "termination":
        end = {"exitCode": 3, "reason": "Error", "message": text}
        status["lastState"] = {"terminated": end}
    if case.where == "waiting":
        status["state"]["waiting"]["message"] = text
    events = [event("web-1", "Failed", text)] if case.where == "event" else []
    log = ContainerLog("shop", "web-1", "app", previous=False, text=text)
    return World(
        web,
        pods=[pod],
        nodes=[node("n1")],
        events=events,
        logs=[log] if case.where == "log" else [],
    ).snapshot()
