"""Finds the kubectl to run."""

import os
import shutil
from pathlib import Path

from podiatrist.cluster.errors import ClusterError

_NEXT = "install kubectl, or set PODIATRIST_KUBECTL to the path of one"


def find_kubectl(setting: str | None) -> Path:
    """Return the path of kubectl: what the setting says, or the first on PATH.

    Raises ClusterError, which says what to do, where there is none.
    """
    found = setting or shutil.which("kubectl")
    if not found:
        raise ClusterError(f"there is no kubectl on PATH: {_NEXT}")
    path = Path(found).absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ClusterError(f"{path} is no program that can be run: {_NEXT}")
    return path
