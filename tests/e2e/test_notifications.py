"""People hear of a sick workload where they are: below it in kubectl, and outside the cluster."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from podiatrist.notify.webhook import SIGNATURE, TIMESTAMP, signature
from tests.cluster import Cluster
from tests.e2e.kube import Kube, Object, deployment, until
from tests.harness.install import identity
from tests.harness.processes import Podiatrist, Role
from tests.harness.settings import SHORTENED

pytestmark = pytest.mark.containers

SECRET, TOKEN = "s3cret-of-the-webhook", "tok3n-of-the-url"


@contextmanager
def receiver() -> Iterator[tuple[str, list[Object]]]:
    """A webhook on the loopback address; yields its URL and what came in, rightly signed."""
    received: list[Object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = signature(SECRET, self.headers[TIMESTAMP], body) == self.headers[SIGNATURE]
            if good:
                received.append(json.loads(body))
            self.send_response(204 if good else 401)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{TOKEN}", received
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def operator(
    podiatrist: Podiatrist, cluster: Cluster, folder: Path, settings: dict[str, str]
) -> Iterator[Role]:
    """An operator of other settings, in the place of the one that serves all tests."""
    kubeconfig = identity(cluster, "operator", folder)
    role = Role("operator", kubeconfig, folder / "operator.log", SHORTENED | settings)
    podiatrist.operator.stop()
    role.start()
    try:
        yield role
    finally:
        role.stop()
        podiatrist.operator.start()


@pytest.mark.serial
def test_a_receiver_is_told_once_that_it_is_sick_and_once_that_it_is_healed(
    kube: Kube, podiatrist: Podiatrist, cluster: Cluster, tmp_path: Path
) -> None:
    """Rechecks and a restart tell nothing; a second receiver that is dead costs nothing."""
    with receiver() as (url, received):
        settings = {
            "PODIATRIST_NOTIFY_WEBHOOK_URL": url,
            "PODIATRIST_NOTIFY_WEBHOOK_SECRET": SECRET,
            "PODIATRIST_NOTIFY_SLACK_URL": f"http://127.0.0.1:1/{TOKEN}",
            "PODIATRIST_NOTIFY_NAMESPACES": kube.namespace,
        }
        with operator(podiatrist, cluster, tmp_path, settings) as role:
            kube.apply(deployment(image="ngnix"))
            found = kube.wait_for_diagnosis("AwaitingApproval")
            until(lambda: (bool(received), received), "notification", 20)
            time.sleep(5)  # two rechecks
            role.kill()
            until(lambda: (role.starts == 2, role.starts), "restart")
            time.sleep(5)
            assert [r["state"] for r in received] == ["AwaitingApproval"]

            [option] = received[0]["options"]
            kube.admin(*option["approve"].removeprefix("kubectl ").split())
            kube.wait_for_diagnosis("Succeeded")
            until(lambda: (len(received) > 1, received), "second notification", 20)
    assert [r["state"] for r in received] == ["AwaitingApproval", "Succeeded"]
    assert {r["diagnosis"] for r in received} == {found.metadata.name}
    assert received[0]["reason"] == "ImageNotFound"
    log = (tmp_path / "operator.log").read_text()
    assert "notifications to slack at 127.0.0.1 do not go through" in log
    assert TOKEN not in log
    assert SECRET not in log


def test_who_describes_a_sick_workload_learns_what_is_known_of_it(kube: Kube) -> None:
    """Given a mistyped image, when somebody mends it by himself, both are told below it, once."""
    kube.apply(deployment(image="ngnix"))
    found = kube.wait_for_diagnosis("AwaitingApproval")
    kube("set", "image", "deployment/web", "app=nginx")
    kube.wait_for_diagnosis("Resolved")

    for what in (f"diagnosis/{found.metadata.name}", "deployment/web"):

        def told(what: str = what) -> tuple[bool, list[list[str]]]:
            lines = [line.split() for line in kube("describe", what).splitlines()]
            ours = [line for line in lines if "podiatrist.dev/operator" in line]
            return any("Resolved" in line for line in ours), ours

        events = until(told, f"Event on {what}", 10)
        sick, healed = (
            [line for line in events if line[1] == reason]
            for reason in ("AwaitingApproval", "Resolved")
        )
        assert [line[0] for line in sick] == ["Warning"]
        assert [line[0] for line in healed] == ["Normal"]
        assert f"diagnosis {found.metadata.name}" in " ".join(sick[0])
