"""Records the seed's conversation with a real model, on the real cluster.

    make cluster-up model-up
    python -m tests.e2e.chat_record

Slow on two cores: up to a quarter of an hour. The model is that of PODIATRIST_MODEL..., by default
the small one that `make model-up` serves.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.cluster import current
from tests.e2e.chat_terminal import ChatTerminal
from tests.e2e.kube import Kube
from tests.e2e.test_chat import RECORDED_IN, RECORDING, four_run, scene_in, seed_conversation

_LOCAL = {
    "PODIATRIST_MODEL": "qwen2.5-coder-1.5b-instruct-q4.gguf",
    "PODIATRIST_MODEL_URL": "http://127.0.0.1:18080/v1",
    "PODIATRIST_MODEL_TOOLS": "schema",
    "PODIATRIST_MODEL_TIMEOUT": "600",
}
_PATIENCE = 700.0
"""Seconds that one answer may take."""


def main() -> int:
    """Play the conversation and keep the recording if the four pods run at its end."""
    cluster = current()
    if cluster is None:
        sys.stderr.write("error: no cluster; run: make cluster-up\n")
        return 1
    model = {k: v for k, v in os.environ.items() if k.startswith("PODIATRIST_")}
    kube = Kube(cluster, RECORDED_IN)
    kube.admin("create", "namespace", kube.namespace)
    try:
        with tempfile.TemporaryDirectory() as folder, scene_in(kube):
            new = Path(folder) / "recording.jsonl"
            where = ("-n", kube.namespace, "--record", str(new))
            with ChatTerminal(
                cluster, Path(folder), *where, environment={**_LOCAL, **model}
            ) as chat:
                try:
                    seed_conversation(chat, _PATIENCE)
                finally:
                    sys.stdout.write(chat.text + "\n")
            four_run(kube)
            RECORDING.parent.mkdir(exist_ok=True)
            RECORDING.write_bytes(new.read_bytes())
            RECORDING.chmod(0o644)
    finally:
        kube.admin("delete", "namespace", kube.namespace, "--wait=false")
    sys.stderr.write(f"written to {RECORDING}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
