"""`podiatrist`: the commands. Each is imported when it is used, and with it only what it needs.

The executor, above all, never loads what belongs to models.
"""

from importlib import import_module

import click

_COMMANDS = ("operator", "executor", "show", "transcript", "chat", "ask", "settings", "crd")
"""The command `x` is the function `x` in `podiatrist.cli.x`."""


class _Commands(click.Group):
    """Finds a command by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(f"podiatrist.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="podiatrist")
def main() -> None:
    """A doctor for your pods.

    \b
    podiatrist operator    notices sick workloads and proposes fixes; changes nothing
    podiatrist executor    carries out what a human approved, checks it, undoes what did not help
    podiatrist show        prints a Diagnosis for humans
    podiatrist transcript  prints what a model was told, ran and saw for a Diagnosis
    podiatrist chat        talks about your cluster, with your own rights; changes need your yes
    podiatrist ask         answers one question
    podiatrist settings    lists every setting, its default and what it is for
    """
