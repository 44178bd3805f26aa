"""The commands as a plugin of kubectl, and completion."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from podiatrist.cli import plugin
from podiatrist.cli.main import _COMMANDS, main
from podiatrist.cli.spoken import PLUGIN
from tests.unit.cli.scene import Scene, story


@pytest.mark.parametrize("name", [n for n in _COMMANDS if find_spec(f"podiatrist.cli.{n}")])
def test_every_command_teaches(name: str) -> None:
    told = CliRunner().invoke(main, [name, "--help"], prog_name="podiatrist")
    assert told.exit_code == 0, told.output
    assert told.output.startswith(f"Usage: podiatrist {name}")


def test_the_plugin_speaks_of_itself_as_it_was_typed(tmp_path: Path) -> None:
    for arguments in (["--help"], ["list", "--help"], ["show", "--help"]):
        told = CliRunner().invoke(main, arguments, prog_name=PLUGIN).output
        assert told.startswith("Usage: kubectl diagnose")
        assert "  kubectl diagnose " in told
        assert "  podiatrist " not in told
    seen = Scene(tmp_path, story()).run("show", "web-7f3a9c", prog_name=PLUGIN).stdout
    assert "approve: kubectl diagnose approve web-7f3a9c 1a2b3c4d -n shop" in seen


def completed(scene: Scene, *words: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what `kubectl_complete-diagnose` prints for these words."""
    import click  # noqa: PLC0415 - the program as a command that the scene can run

    monkeypatch.setattr(sys, "argv", ["kubectl_complete-diagnose", *words])
    return scene.run(command=click.Command("x", callback=plugin.complete)).output.splitlines()


def test_kubectl_completes_commands_names_and_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, story(digests=("aaaa1111", "bbbb2222")), story(name="db-1"))

    def asked(*words: str) -> list[str]:
        return completed(scene, *words, monkeypatch=monkeypatch)

    assert asked("app") == ["approve\tapproves an option, after a look at its diff", ":4"]
    assert asked("show", "") == ["db-1\tAwaitingApproval", "web-7f3a9c\tAwaitingApproval", ":4"]
    assert asked("show", "-n", "pay", "") == [":4"]
    assert asked("show", "deployment/w") == ["deployment/web\tAwaitingApproval", ":4"]
    assert asked("approve", "web-7f3a9c", "") == ["1\tScale to 1", "2\tScale to 1", ":4"]
    assert asked("approve", "--yes", "web-7f3a9c", "b") == ["bbbb2222\tScale to 1", ":4"]
    assert asked("list", "--state", "Exp") == ["Expired", ":4"]
    assert asked("show", "--kubeconfig", "/nowhere", "") == [":4"]


def test_completion_that_fails_is_silent(tmp_path: Path) -> None:
    gone = {"KUBECONFIG": str(tmp_path / "none"), "PATH": ""}
    code = "from podiatrist.cli.plugin import complete; complete()"
    done = subprocess.run(
        [sys.executable, "-c", code, "show", ""],
        env=gone, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (":4\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    told = CliRunner().invoke(main, ["completion", shell], prog_name="podiatrist")
    assert told.exit_code == 0
    assert f"_PODIATRIST_COMPLETE={shell}_complete" in told.output


def test_completing_a_command_imports_none() -> None:
    code = (
        "from podiatrist.cli.main import main; from click.shell_completion import ShellComplete;"
        "print(len(ShellComplete(main, {}, 'x', '').get_completions([], '')));"
        "import sys; print('podiatrist.cli.chat' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(_COMMANDS)), "False"]
