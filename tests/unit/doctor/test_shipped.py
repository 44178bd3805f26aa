"""The manifests that come with the program are those of `deploy/`, installed either way."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from podiatrist.doctor.shipped import shipped

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"


def test_all_objects_of_deploy_come_with_the_program() -> None:
    """A kind that the doctor does not know raises LookupError here."""
    lying = [
        (file.name, body["kind"], body["metadata"]["name"])
        for file in sorted(DEPLOY.glob("*.yaml"))
        for body in yaml.safe_load_all(file.read_text())
        if body and body["kind"] != "Secret"
    ]
    assert lying == [(m.file, m.kind.kind, m.name) for m in shipped()]


def test_a_wheel_holds_the_manifests(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("operator", "deploy"):
        shutil.copytree(ROOT / name, source / name, symlinks=True,
                        ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))  # fmt: skip
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True,
                          check=False, env={**os.environ})  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        inside = "podiatrist/doctor/deploy/"
        held = {
            name.removeprefix(inside): packed.read(name)
            for name in packed.namelist()
            if name.startswith(inside)
        }
    lying = [*DEPLOY.glob("*.yaml"), *DEPLOY.glob("namespaced/*.yaml")]
    assert held == {str(file.relative_to(DEPLOY)): file.read_bytes() for file in lying}
