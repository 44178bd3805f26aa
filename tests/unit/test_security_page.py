"""docs/security.md names tests that are there, and the table of attacks is a table of attacks."""

import re
from pathlib import Path

import pytest
import yaml

from tests.attacks.attack import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
ATTACKS = ROOT / "tests/attacks"
NAMED = sorted(set(re.findall(r"`(requests|options|runs|records)/([a-z0-9_-]+)`", PAGE)))
FILES = sorted(set(re.findall(r"`((?:unit|e2e)/[a-z_/]+\.py)`", PAGE)))


def known(where: str) -> set[str]:
    """Return the names of rows and tests in one place."""
    found = set(re.findall(r"def (test_\w+)", (ATTACKS / f"test_{where}.py").read_text()))
    table = ATTACKS / f"{where}.yaml"
    rows = yaml.safe_load(table.read_text()) if table.exists() else []
    return found | {row["name"] for row in rows}


@pytest.mark.parametrize("where", ["requests", "options", "runs", "records"])
def test_every_test_that_the_page_names_is_there(where: str) -> None:
    named = {name for place, name in NAMED if place == where}
    assert named
    assert named <= known(where)


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_the_page_names_is_there(file: str) -> None:
    assert (ROOT / "tests" / file).exists()


def test_every_policy_of_ours_is_on_the_page() -> None:
    for file in ("30-admission.yaml", "31-stamp.yaml"):
        for policy in yaml.safe_load_all((ROOT / "deploy" / file).read_text()):
            assert f"`{policy['metadata']['name']}`" in PAGE


def test_attacks_have_names_of_their_own() -> None:
    attacks = [attack.name for attack in load("requests.yaml")]
    assert len(attacks) == len(set(attacks))
    assert len(attacks) >= 50
