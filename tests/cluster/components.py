"""The programs that the first process keeps running: command lines, and what each waits for."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import node
from tests.cluster.settings import (
    BROKEN_TLS_PORT,
    NODE_ADDRESS,
    POD_RANGE,
    REGISTRY_PORT,
    SERVICE_RANGE,
    SILENT_PORT,
    Settings,
)


@dataclass(frozen=True)
class Component:
    """One program. It is started once `after` (a loopback port or a socket's path) answers."""

    name: str
    command: list[str]
    after: int | Path | None = None
    passes: tuple[int, ...] = ()


def control_plane(settings: Settings) -> list[Component]:
    """etcd, API server, controller-manager and scheduler: all there is without containers."""
    api = settings.ports.api
    return [
        _etcd(settings),
        _api_server(settings),
        Component("kube-controller-manager", _controller_manager(settings), after=api),
        Component("kube-scheduler", _scheduler(settings), after=api),
    ]


def all_of(settings: Settings, door: int | None) -> list[Component]:
    """Everything this cluster runs. `door` is the passed listening socket of the host's port."""
    if not settings.containers or door is None:
        return control_plane(settings)
    python = [sys.executable, "-m"]
    pushed = settings.state / "pushed"
    registry = [
        *python,
        "tests.cluster.registry",
        *(str(REGISTRY_PORT), str(BROKEN_TLS_PORT), str(SILENT_PORT)),
        *(str(settings.pki / "unknown.crt"), str(settings.pki / "unknown.key")),
        *(str(pushed), str(settings.images)),
    ]
    forward = [*python, "tests.cluster.door", str(door), str(settings.ports.api)]
    containerd, kubelet, kube_proxy = node.commands(settings)
    return [
        *control_plane(settings),
        Component("door", forward, passes=(door,)),
        Component("registry", registry),
        Component("containerd", containerd),
        # The kubelet ends itself when there is no container runtime.
        Component("kubelet", kubelet, after=node.CONTAINERD_SOCKET),
        Component("kube-proxy", kube_proxy, after=settings.ports.api),
    ]


def _etcd(settings: Settings) -> Component:
    client = f"http://127.0.0.1:{settings.ports.etcd}"
    peer = f"http://127.0.0.1:{settings.ports.etcd_peer}"
    return Component(
        "etcd",
        [
            str(settings.programs / "etcd"),
            f"--data-dir={settings.state / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            # The state dies with the cluster: waiting for the disk would only cost time.
            "--unsafe-no-fsync",
        ],
    )


def _api_server(settings: Settings) -> Component:
    pki = settings.pki
    policy = settings.state / "audit-policy.yaml"
    policy.write_text(json.dumps(AUDIT_POLICY))
    command = [
        str(settings.programs / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{settings.ports.etcd}",
        f"--secure-port={settings.ports.api}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        # The `kubernetes` Service must not point at a loopback address.
        f"--advertise-address={NODE_ADDRESS}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-account.key'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki / 'front-proxy-client.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy-client.key'}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={settings.audit_log}",
        "--audit-log-maxsize=200",
        "--audit-log-maxbackup=1",
    ]
    if not settings.containers:
        # No namespace of our own: listen on loopback only, and promise nobody an endpoint.
        command += ["--bind-address=127.0.0.1", "--endpoint-reconciler-type=none"]
    return Component("kube-apiserver", command, after=settings.ports.etcd)


def _controller_manager(settings: Settings) -> list[str]:
    pki = settings.pki
    config = pki / "kube-controller-manager.kubeconfig"
    return [
        str(settings.programs / "kube-controller-manager"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_RANGE}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-account.key'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        # Each controller asks for its own token first: at the default 20 requests a second the
        # default ServiceAccount comes 6 s later.
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        # The default lies in /usr/libexec, and is made there.
        f"--flex-volume-plugin-dir={settings.state / 'volume-plugins'}",
        *_serving(settings),
    ]


def _scheduler(settings: Settings) -> list[str]:
    config = settings.pki / "kube-scheduler.kubeconfig"
    return [
        str(settings.programs / "kube-scheduler"),
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
        *_serving(settings),
    ]


def _serving(settings: Settings) -> list[str]:
    """No port of its own where the host's loopback is shared with other clusters."""
    return [] if settings.containers else ["--secure-port=0"]


AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # What was asked for, word for word: tests read who really wrote what.
        {"level": "Request", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "Metadata"},
    ],
}
