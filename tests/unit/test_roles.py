"""What the processes load: the executor, whose right it is to write, nothing of models."""

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    """Return the names of all modules that a fresh Python has loaded after a statement."""
    code = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def of_models(modules: set[str]) -> set[str]:
    return {
        name
        for name in modules
        if name.partition(".")[0] in ("openai", "httpx")
        or name.startswith(("podiatrist.agent", "podiatrist.chat"))
    }


@pytest.mark.parametrize(
    "statement",
    [
        "import podiatrist.cli.executor",
        "from podiatrist.cli.main import main; main.get_command(None, 'executor')",
        "from podiatrist.cli.main import main; main(['executor', '--help'], standalone_mode=False)",
    ],
)
def test_the_executor_loads_nothing_of_models(statement: str) -> None:
    loaded = loaded_by(statement)
    assert "podiatrist.lifecycle.execution.execute" in loaded
    assert not of_models(loaded)


def test_the_operator_does() -> None:
    assert {"openai", "podiatrist.agent.loop"} <= loaded_by("import podiatrist.cli.operator")
