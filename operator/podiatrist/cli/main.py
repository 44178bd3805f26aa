"""`podiatrist`: the commands. Each is imported when it is used, and with it only what it needs.

The executor, above all, never loads what belongs to models.
"""

from importlib import import_module

import click

_COMMANDS = {
    "operator": "notices sick workloads and proposes fixes; changes nothing",
    "executor": "carries out what a human approved, checks it, undoes what did not help",
    "show": "prints a Diagnosis for humans",
    "audit": "lists what was executed: when, approved by whom, how it ended",
    "transcript": "prints what a model was told, ran and saw for a Diagnosis",
    "chat": "talks about your cluster, with your own rights; changes need your yes",
    "ask": "answers one question about your cluster, and changes nothing",
    "doctor": "checks the installation, and says what to do about what is broken",
    "settings": "lists every setting, its default and what it is for",
    "crd": "prints the CustomResourceDefinition of Diagnosis",
}
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="podiatrist")
def main() -> None:
    """A doctor for your pods.

    In a cluster run operator and executor. At your desk ask and chat work with your kubeconfig
    and the model of PODIATRIST_MODEL; without one, ask answers by the rules.

    \b
    Examples:
      podiatrist ask "why is web down?" -n shop
      podiatrist show web-7f3a9c -n shop
      podiatrist chat --help
    """
