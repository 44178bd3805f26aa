"""The recorded words of kubelet, containerd and scheduler; see `data/README.md`."""

import json
from pathlib import Path

_FOLDER = Path(__file__).with_name("data")


def recorded(name: str) -> list[dict[str, str]]:
    """Return the lines of one file."""
    text = _FOLDER.joinpath(f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]
