"""What the rules say about one object of the test cluster, without any running operator.

    python -m tests.harness.look shop Deployment/web
    python -m tests.harness.look shop Deployment/web --record tests/unit/recordings/web.json
    python -m tests.harness.look - Node/node1

Reads as cluster admin; writes nothing to the cluster.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from podiatrist.analyzers import analyze
from podiatrist.cluster.connect import connect
from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kinds import TARGETS
from podiatrist.cluster.reader import Reader
from podiatrist.cluster.snapshot import Snapshot
from podiatrist.lifecycle.options.propose import offer_options
from tests.cluster import current
from tests.harness.recording import dump


async def _read(kubeconfig: Path, namespace: str, target: str) -> Snapshot:
    name_of_kind, _, name = target.partition("/")
    kind = next(k for k in TARGETS if k.kind.lower() == name_of_kind.lower())
    async with connect(kubeconfig, "podiatrist-look") as client:
        return await Reader(client).read(kind, namespace if kind.namespaced else None, name)


def main() -> int:
    """Print findings and options of one object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("namespace")
    parser.add_argument("target", help="Kind/name")
    parser.add_argument("--record", type=Path, help="write the snapshot to this file")
    options = parser.parse_args()
    cluster = current()
    if cluster is None:
        print("error: no cluster; run: make cluster-up", file=sys.stderr)
        return 1
    try:
        snapshot = asyncio.run(_read(cluster.kubeconfig, options.namespace, options.target))
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.record:
        options.record.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dump(snapshot), indent=1, sort_keys=True, ensure_ascii=False)
        options.record.write_text(text + "\n", "utf-8")
    results = analyze(snapshot)
    for result in results:
        finding = result.finding
        cause = f" (cause: {result.cause})" if result.cause else ""
        print(f"{finding.reason} [{finding.analyzer}] {finding.object}{cause}\n  {finding.message}")
        for evidence in finding.evidence:
            print(f"    {evidence.source}\n      | {evidence.quote}")
    for option in offer_options(snapshot, results, 60):
        print(f"option {option.digest} [{option.risk}] {option.title}\n  {option.rationale}")
        for line in [*option.commands, *option.diff]:
            print(f"    {line}")
    if not results:
        print("no finding")
    return 0


if __name__ == "__main__":
    sys.exit(main())
