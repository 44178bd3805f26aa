"""What runs in every cluster as pods: DNS and a provisioner of volumes (`manifests/`)."""

import subprocess
import time
from collections.abc import Callable
from functools import partial
from string import Template

from tests.cluster import build, paths, processes
from tests.cluster.api import Api
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say, spell
from tests.cluster.settings import DNS_ADDRESS, NODE_NAME, Settings

Check = Callable[[], bool]

API_SECONDS = 90.0
READY_SECONDS = 180.0
DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))


def apply(cluster: Settings) -> None:
    """Write and apply the manifests; the same again changes nothing."""
    folder = cluster.state / "manifests"
    folder.mkdir(exist_ok=True)
    for source in sorted((paths.PACKAGE / "manifests").glob("*.yaml")):
        text = Template(source.read_text()).substitute(
            coredns=build.version("github.com/coredns/coredns"),
            provisioner=build.version("github.com/rancher/local-path-provisioner"),
            dns=DNS_ADDRESS,
        )
        (folder / source.name).write_text(text)
    kubectl = str(cluster.programs / "kubectl")
    # Its own cache folder: the user's may remember another cluster that had this port.
    flags = [f"--kubeconfig={cluster.kubeconfig}", f"--cache-dir={cluster.state / 'kubectl'}"]
    command = [kubectl, *flags, "apply", "-f", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"the add-ons could not be applied:\n{done.stderr.strip()}",
            "run `python3 -m tests.cluster logs kube-apiserver`, then `up` again",
        )


def wait_api(cluster: Settings, say: Say) -> None:
    """Wait until the API server is ready."""
    api = Api(cluster.kubeconfig)
    _wait(cluster, {"kube-apiserver": api.ready}, API_SECONDS, say)


def wait_ready(cluster: Settings, say: Say) -> None:
    """Wait until a pod could be created and would run."""
    api = Api(cluster.kubeconfig)
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    waits: dict[str, Check] = {"the default ServiceAccount": partial(api.exists, account)}
    if cluster.containers:
        waits[f"node {NODE_NAME}"] = partial(api.node_ready, NODE_NAME)
        for namespace, name in DEPLOYMENTS:
            waits[name] = partial(api.available, namespace, name)
    _wait(cluster, waits, READY_SECONDS, say)


def _wait(cluster: Settings, waits: dict[str, Check], seconds: float, say: Say) -> None:
    """Wait for every check once, and say each as it comes true."""
    begun = time.monotonic()
    waits = dict(waits)
    while waits:
        for name in [name for name, check in waits.items() if check()]:
            del waits[name]
            say(f"{name} ready after {spell(time.monotonic() - begun)}")
        if not waits:
            return
        if processes.first(cluster.state) is None:
            raise ClusterError(
                "the cluster's first process has ended",
                f"if it was not `down` in another terminal, read {cluster.logs / 'first.log'}",
            )
        if time.monotonic() - begun > seconds:
            raise ClusterError(
                f"not ready within {spell(seconds)}: {', '.join(waits)}",
                "see `python3 -m tests.cluster status`, and `logs COMPONENT` of what is restarting",
            )
        time.sleep(0.1)
