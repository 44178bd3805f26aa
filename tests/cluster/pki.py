"""Certificates and kubeconfigs of one cluster, made with openssl in under a second."""

import base64
import json
import secrets
import subprocess
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.settings import API_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME, Settings

DAYS = "3650"
API_SERVER_NAMES = [
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    "DNS:kubernetes.default.svc.cluster.local",
    "DNS:localhost",
    "IP:127.0.0.1",
    f"IP:{NODE_ADDRESS}",
    f"IP:{API_SERVICE_ADDRESS}",
]


def make_all(settings: Settings) -> None:
    """Make every key, certificate and kubeconfig that the components need."""
    pki = settings.pki
    pki.mkdir(mode=0o700)
    for authority in ("ca", "front-proxy-ca", "unknown-ca"):
        _authority(pki, authority)
    _leaf(pki, "apiserver", "ca", "/CN=kube-apiserver", API_SERVER_NAMES)
    _leaf(pki, "apiserver-kubelet-client", "ca", "/O=system:masters/CN=apiserver-kubelet-client")
    _leaf(pki, "front-proxy-client", "front-proxy-ca", "/CN=front-proxy-client")
    # For tls-broken.example: a server whose authority no client knows.
    _leaf(pki, "unknown", "unknown-ca", "/CN=tls-broken.example", ["IP:127.0.0.1"])
    names = [f"DNS:{NODE_NAME}", f"IP:{NODE_ADDRESS}"]
    _leaf(pki, "kubelet-server", "ca", f"/O=system:nodes/CN=system:node:{NODE_NAME}", names)
    # Service account tokens: the one RSA key, as kubeadm makes it.
    _openssl("genrsa", "-out", str(pki / "service-account.key"), "2048")

    for user, group in (
        ("system:kube-controller-manager", ""),
        ("system:kube-scheduler", ""),
        ("system:kube-proxy", ""),
        (f"system:node:{NODE_NAME}", "system:nodes"),
    ):
        file = settings.pki / f"{user.split(':')[1]}.kubeconfig"
        _make_kubeconfig(settings, user, [group] if group else [], file)
    _make_kubeconfig(settings, "admin", ["system:masters"], settings.kubeconfig)


def make_user(settings: Settings, user: str, groups: list[str]) -> Path:
    """A kubeconfig for another user, in the state folder; made again when asked again."""
    file = settings.state / "users" / f"{user.replace('/', '_')}.kubeconfig"
    file.parent.mkdir(exist_ok=True)
    _make_kubeconfig(settings, user, groups, file)
    return file


def _make_kubeconfig(settings: Settings, user: str, groups: list[str], file: Path) -> None:
    """Write a kubeconfig with a new client certificate in it."""
    for part in [user, *groups]:
        if "/" in part or not part:
            raise ClusterError(f"{part!r} cannot be a user or group", "use a name without a slash")
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
    server = f"https://127.0.0.1:{settings.ports.api}"
    stem = file.stem.replace(":", "_") + "-client"
    _leaf(settings.pki, stem, "ca", subject)

    def data(name: str) -> str:
        return base64.b64encode((settings.pki / name).read_bytes()).decode()

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": settings.name,
                "cluster": {"server": server, "certificate-authority-data": data("ca.crt")},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": data(f"{stem}.crt"),
                    "client-key-data": data(f"{stem}.key"),
                },
            }
        ],
        "contexts": [{"name": settings.name, "context": {"cluster": settings.name, "user": user}}],
        "current-context": settings.name,
    }
    # JSON is YAML, and the standard library writes only the one.
    file.touch(mode=0o600)
    file.write_text(json.dumps(config, indent=2))


def _authority(pki: Path, name: str) -> None:
    _key(pki / f"{name}.key")
    _openssl(
        *("req", "-x509", "-new", "-key", str(pki / f"{name}.key"), "-sha256", "-days", DAYS),
        *("-subj", f"/CN=podiatrist-{name}", "-out", str(pki / f"{name}.crt")),
        *("-addext", "keyUsage=critical,digitalSignature,keyCertSign,cRLSign"),
    )


def _leaf(
    pki: Path, name: str, authority: str, subject: str, names: list[str] | None = None
) -> None:
    """A certificate for a client, or with `names` for a server."""
    key, request, extensions = (pki / f"{name}.{end}" for end in ("key", "csr", "ext"))
    _key(key)
    _openssl("req", "-new", "-key", str(key), "-subj", subject, "-out", str(request))
    lines = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    lines.append(f"extendedKeyUsage=clientAuth{',serverAuth' if names else ''}")
    if names:
        lines.append(f"subjectAltName={','.join(names)}")
    extensions.write_text("\n".join(lines))
    # A random serial instead of -CAcreateserial: its file is no place for two calls at once.
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(pki / f"{authority}.crt")),
        *("-CAkey", str(pki / f"{authority}.key"), "-set_serial", str(secrets.randbits(64))),
        *("-sha256", "-days", DAYS, "-extfile", str(extensions), "-out", str(pki / f"{name}.crt")),
    )
    request.unlink()
    extensions.unlink()


def _key(file: Path) -> None:
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(file))


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"openssl {arguments[0]} failed: {done.stderr.strip()}",
            "see that openssl 1.1.1 or newer is installed and the disk is not full",
        )
