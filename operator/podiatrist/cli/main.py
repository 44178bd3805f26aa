"""`podiatrist`: the commands. Each is imported when it is used, and with it only what it needs.

The executor, above all, never loads what belongs to models.
"""

from importlib import import_module

import click
from click.shell_completion import CompletionItem

from podiatrist.cli.spoken import spoken

_GROUPS = {
    "For users": {
        "list": "lists Diagnoses: what is sick, why, where each stands",
        "show": "prints a Diagnosis for humans",
        "approve": "approves an option, after a look at its diff",
        "reject": "ends a Diagnosis without a change",
        "retry": "has a Diagnosis looked at again",
        "undo": "takes back a fix that was carried out",
        "run": "has an object diagnosed now, and waits for it",
        "watch": "shows Diagnoses as they change",
        "audit": "lists what was executed: when, approved by whom, how it ended",
        "transcript": "prints what a model was told, ran and saw for a Diagnosis",
        "chat": "talks about your cluster, with your own rights; changes need your yes",
        "ask": "answers one question about your cluster, and changes nothing",
    },
    "For the cluster": {
        "operator": "notices sick workloads and proposes fixes; changes nothing",
        "executor": "carries out what a human approved, checks it, undoes what did not help",
        "doctor": "checks the installation and says what to do",
    },
    "For reference": {
        "settings": "lists every setting, its default and what it is for",
        "crd": "prints the CustomResourceDefinition of Diagnosis",
        "completion": "prints the completion script for bash, zsh or fish",
    },
}
"""The command `x` is the function `x` in `podiatrist.cli.x`; `x_` where Python has that word."""

_COMMANDS = {name: text for group in _GROUPS.values() for name, text in group.items()}


class _Commands(click.Group):
    """Finds a command by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"podiatrist.cli.{cmd_name}")
        command = getattr(module, f"{cmd_name}_", None) or getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        _speak(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, commands in _GROUPS.items():
            with formatter.section(group):
                formatter.write_dl(list(commands.items()))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _speak(self)
        super().format_help_text(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands without importing them."""
        found = [
            CompletionItem(name, help=text)
            for name, text in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _speak(command: click.Command) -> None:
    """Have a command's help speak of itself as the user typed it."""
    command.help = spoken(command.help or "")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="podiatrist")
def main() -> None:
    """A doctor for your pods.

    Operator and executor run in the cluster; the other commands at your desk, with your kubeconfig
    and your rights. ask and chat take the model of PODIATRIST_MODEL; without one, ask answers by
    the rules.

    \b
    Examples:
      podiatrist list -A --open
      podiatrist show deployment/web -n shop
      podiatrist approve web-7f3a9c 9f3c2a7b -n shop --wait
      podiatrist ask "why is web down?" -n shop

    \b
    Exit codes:
      0    done
      1    an error, such as a cluster that does not answer
      2    wrong usage
      3    not approved, refused, or not possible now: nothing was changed
      4    what was waited for ended badly, or not in time
      130  interrupted
    """
