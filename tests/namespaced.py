"""The parts of `deploy/namespaced/` that are the same as in `deploy/`, but for cluster-wide rights.

`make namespaced` writes them anew: each object of `deploy/` that lives in our namespace, word for
word with its comments. The rest of the folder is written by hand, and a test holds it to `deploy/`.
"""

import re
from pathlib import Path

import yaml

from podiatrist.doctor.shipped import parse_manifests

DEPLOY = Path(__file__).parents[1] / "deploy"
NAMESPACED = DEPLOY / "namespaced"
COPIED = ("40-network.yaml", "executor.yaml", "operator.yaml", "reader.yaml")
_NOTE = "# Copied from deploy/{file} by `make namespaced`, without its cluster-wide rights.\n"


def rendered(file: str) -> str:
    """Return what a file of `deploy/` has to be in `deploy/namespaced/`."""
    kept = [part for part in _documents(DEPLOY / file) if _lives_in_a_namespace(file, part)]
    text = re.sub(r"\bdeploy/(?=executor\.yaml|02-)", "deploy/namespaced/", "---\n".join(kept))
    return _NOTE.format(file=file) + text


def _documents(file: Path) -> list[str]:
    return re.split(r"^---\n", file.read_text(), flags=re.MULTILINE)


def _lives_in_a_namespace(file: str, document: str) -> bool:
    assert yaml.safe_load(document), f"deploy/{file} has an empty document"
    return all(manifest.kind.namespaced for manifest in parse_manifests(file, document))


def main() -> None:
    """Write the files anew."""
    for file in COPIED:
        (NAMESPACED / file).write_text(rendered(file))


if __name__ == "__main__":
    main()
