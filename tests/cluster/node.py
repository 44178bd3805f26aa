"""The one real node: configuration of kubelet, kube-proxy, containerd and the CNI plugins."""

import json
from pathlib import Path
from string import Template

from tests.cluster import paths
from tests.cluster.images import PAUSE
from tests.cluster.settings import (
    BROKEN_TLS_PORT,
    DNS_ADDRESS,
    NODE_ADDRESS,
    NODE_NAME,
    NODE_POD_RANGE,
    POD_RANGE,
    REGISTRY_PORT,
    SILENT_PORT,
    Settings,
)

CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")

# Hosts that our registry stands in for. There is no `_default`: any other host must fail by DNS,
# as a misspelt one does in a real cluster.
MIRRORED = (
    "docker.io",
    "registry.k8s.io",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "registry.gitlab.com",
    "public.ecr.aws",
    "mcr.microsoft.com",
)
UNSOUND = {
    "tls-broken.example": BROKEN_TLS_PORT,  # a certificate of an authority that nobody knows
    "timeout.example": SILENT_PORT,  # connects, and then says nothing: "TLS handshake timeout"
}


def commands(settings: Settings) -> tuple[list[str], list[str], list[str]]:
    """Write the node's configuration; the command lines of containerd, kubelet, kube-proxy."""
    folder = settings.state / "node"
    folder.mkdir(exist_ok=True)
    containerd = Template((paths.PACKAGE / "containerd.toml").read_text())
    (folder / "containerd.toml").write_text(
        containerd.substitute(
            pause=PAUSE,
            snapshotter="native" if on_overlayfs(settings.state) else "overlayfs",
            runc=_unpacked(settings, "sbin/runc"),
            cni=_unpacked(settings, "lib/cni"),
            folder=folder,
        )
    )
    _write_hosts(folder / "hosts")
    _write_cni(folder / "cni")
    (folder / "resolv.conf").write_text(f"nameserver {DNS_ADDRESS}\n")
    kubelet = _write(folder / "kubelet.yaml", _kubelet(settings))
    proxy = _write(folder / "kube-proxy.yaml", _kube_proxy(settings))
    node_config = settings.pki / "node.kubeconfig"
    return (
        [
            str(_unpacked(settings, "bin/containerd")),
            f"--config={folder / 'containerd.toml'}",
            "--log-level=info",
        ],
        [
            str(settings.programs / "kubelet"),
            f"--config={kubelet}",
            f"--kubeconfig={node_config}",
            f"--node-ip={NODE_ADDRESS}",
            f"--hostname-override={NODE_NAME}",
        ],
        [
            str(settings.programs / "kube-proxy"),
            f"--config={proxy}",
            f"--hostname-override={NODE_NAME}",
        ],
    )


def _kubelet(settings: Settings) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(settings.state / "node/resolv.conf"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(settings.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(settings.pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(settings.pki / "kubelet-server.key"),
        # true by default since 1.35, and cgroup v1 is what many test machines have.
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{settings.name}",
        "failSwapOn": False,
        "registryPullQPS": 0,  # no limit: the suite starts dozens of pods at once
        # Lowering it needs CAP_SYS_RESOURCE, which a machine may not give even to root.
        "oomScoreAdj": 0,
        # A test machine's disk is shared and rather full; that must not evict our pods.
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        # One pull that hangs (containerd 1.6 never gives up) must not hold up the others.
        "serializeImagePulls": False,
        # The default lies in /usr/libexec, outside what the first process hides.
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }


def _kube_proxy(settings: Settings) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(settings.pki / "kube-proxy.kubeconfig")},
        "mode": "iptables",
        "clusterCIDR": POD_RANGE,
        # These sysctls belong to the whole machine.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        # Without br_netfilter answers between two pods of one bridge go past the translation.
        "iptables": {"masqueradeAll": not Path("/proc/sys/net/bridge").exists()},
    }


def _write_hosts(folder: Path) -> None:
    """containerd's mirrors: every known host's images come from our own registry."""
    servers = dict.fromkeys(MIRRORED, f"http://127.0.0.1:{REGISTRY_PORT}")
    servers |= {host: f"https://127.0.0.1:{port}" for host, port in UNSOUND.items()}
    for host, server in servers.items():
        (folder / host).mkdir(parents=True, exist_ok=True)
        # containerd 1.6 passes over a file that has only `server`: the table is needed as well.
        (folder / host / "hosts.toml").write_text(
            f'server = "{server}"\n\n[host."{server}"]\ncapabilities = ["pull", "resolve"]\n'
        )


def _write_cni(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": NODE_POD_RANGE}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    pods = {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, portmap]}
    _write(folder / "10-pods.conflist", pods)
    _write(folder / "99-loopback.conf", {"cniVersion": "0.4.0", "name": "lo", "type": "loopback"})


def _write(file: Path, value: object) -> Path:
    file.write_text(json.dumps(value, indent=2))
    return file


def _unpacked(settings: Settings, end: str) -> Path:
    """A file of the unpacked Debian packages (they lie under / or /usr by release)."""
    return next(settings.debian.glob(f"**/{end}"))


def on_overlayfs(folder: Path) -> bool:
    """Whether the folder is on overlayfs (inside another container): it cannot be stacked."""
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4]
        if folder.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, right.split()[0]
    return kind == "overlay"
