"""`make dev`: operator and executor from the source against the test cluster, until Ctrl-C."""

import sys
import tempfile
import time
from pathlib import Path

from tests.cluster import ClusterError, ensure_up
from tests.harness.install import InstallError, install
from tests.harness.only import only_one
from tests.harness.processes import Podiatrist, Role


def main() -> int:
    """Run both roles and show their logs; 0 after Ctrl-C."""
    try:
        with only_one():
            return _run()
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    try:
        cluster = ensure_up(lambda line: print(line, file=sys.stderr))
        install(cluster)
    except (ClusterError, InstallError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="podiatrist-dev-") as folder:
        try:
            with Podiatrist(cluster, Path(folder)) as podiatrist:
                print("operator and executor run from the source; Ctrl-C ends them. Try:")
                print("  export KUBECONFIG=$(make -s cluster-kubeconfig)")
                print(f"  {cluster.kubectl} apply -f tests/demo/scenario.yaml")
                print(f"  {cluster.kubectl} get diagnoses --watch", flush=True)
                _follow(podiatrist.operator, podiatrist.executor)
        except KeyboardInterrupt:
            print("ended; the cluster stays up (make cluster-down)")
    return 0


def _follow(*roles: Role) -> None:
    """Print what the roles log, as it comes."""
    read = {role.name: 0 for role in roles}
    while True:
        for role in roles:
            with role.log.open("rb") as log:
                log.seek(read[role.name])
                new = log.read()
            read[role.name] += len(new)
            for line in new.decode("utf-8", "replace").splitlines():
                print(f"{role.name:>8} | {line}", flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
