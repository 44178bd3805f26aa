"""Builds Kubernetes, etcd, CoreDNS and the rest from Go modules into the shared cache, once."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from tests.cluster import paths
from tests.cluster.errors import ClusterError
from tests.cluster.locks import locked
from tests.cluster.progress import Say, spell, ticking

MODULE = paths.PACKAGE / "go"

CONTROL_PLANE = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
}
NODE = {
    "kubelet": "k8s.io/kubernetes/cmd/kubelet",
    "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
    "coredns": "./coredns",
    "local-path-provisioner": "github.com/rancher/local-path-provisioner",
    "pause": "./pause",
}


def version(module: str) -> str:
    """The version that go.mod pins `module` to, with its `v`."""
    found = re.search(
        rf"^(?:require |\t){re.escape(module)} (v\S+)", (MODULE / "go.mod").read_text(), re.M
    )
    if found is None:
        raise ClusterError(f"go.mod does not require {module}", f"repair {MODULE / 'go.mod'}")
    return found[1]


def flags() -> list[str]:
    """The flags of `go build`. Without the `-X` everything calls itself v0.0.0-master+$Format."""
    kubernetes = version("k8s.io/kubernetes")
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    stamp = "k8s.io/component-base/version"
    link = (
        f"-s -w -X {stamp}.gitVersion={kubernetes}"
        f" -X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
    )
    return ["-trimpath", "-buildvcs=false", f"-ldflags={link}"]


def folder() -> Path:
    """Where the programs of this go.mod and these flags lie, built or not."""
    key = paths.digest(" ".join([platform.machine(), *flags()]), MODULE)
    return paths.cache() / "bin" / key


def ensure(say: Say, *, node: bool) -> Path:
    """Build what is missing (the control plane; with `node` all) and return the folder."""
    wanted = CONTROL_PLANE | NODE if node else CONTROL_PLANE
    target = folder()
    if all((target / name).exists() for name in wanted):
        return target
    target.mkdir(parents=True, exist_ok=True)
    lock = paths.cache() / "build.lock"
    with locked(lock, lambda: say("waiting for another build of the same programs to end ...")):
        for unfinished in target.glob(".*"):
            unfinished.unlink()  # of a build that was killed
        missing = [name for name in wanted if not (target / name).exists()]
        go = _toolchain()
        for number, name in enumerate(missing, 1):
            _build(go, name, wanted[name], target, say, f"{number} of {len(missing)}")
    return target


def _build(go: str, name: str, package: str, target: Path, say: Say, which: str) -> None:
    """Build one program. It gets its name only when whole, so a crash leaves none half made."""
    unfinished = target / f".{name}.{os.getpid()}"
    log = target / f"{name}.log"
    environment = os.environ | {"CGO_ENABLED": "0"}
    command = [go, "build", *flags(), "-o", str(unfinished), package]

    def text(seconds: float) -> str:
        return f"building {name} ({which}), {spell(seconds)} so far; this happens once"

    try:
        with ticking(say, text), log.open("wb") as output:
            done = subprocess.run(
                command, cwd=MODULE, env=environment, stdout=output, stderr=output, check=False
            )
        if done.returncode != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise ClusterError(
                f"go build of {name} failed:\n{tail}",
                f"read {log}; if a download failed, run the same command again",
            )
        unfinished.rename(target / name)
    finally:
        unfinished.unlink(missing_ok=True)


def _toolchain() -> str:
    """The path of a `go` that is new enough for go.mod."""
    needed = re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.M)
    go = shutil.which("go")
    if go is None or needed is None:
        raise ClusterError("Go is not installed", "install Go 1.26 or newer from https://go.dev/dl")
    # GOTOOLCHAIN=auto fetches a newer toolchain by itself; `go version` in the module says which.
    told = subprocess.run([go, "version"], cwd=MODULE, capture_output=True, text=True, check=False)
    have = re.search(r"go(\d+)\.(\d+)", told.stdout)
    if have is None or (int(have[1]), int(have[2])) < (int(needed[1]), int(needed[2])):
        raise ClusterError(
            f"Go is too old: {(told.stdout or told.stderr).strip()}",
            f"install Go {needed[1]}.{needed[2]} or newer from https://go.dev/dl",
        )
    return go
