"""`kubectl diagnose`: the same commands as a plugin of kubectl, and their completion.

kubectl runs `kubectl-diagnose` with what follows `diagnose`, and for a TAB
`kubectl_complete-diagnose` with the words so far, the last one unfinished. That prints a line for
each completion, `word<TAB>description`, and at the end `:` with the bits of cobra's
ShellCompDirective. https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/
"""

import sys

import click
from click.shell_completion import ShellComplete

from podiatrist.cli.main import main as commands
from podiatrist.cli.spoken import PLUGIN

_FILES, _NO_FILES = 0, 4
"""ShellCompDirectiveDefault, ShellCompDirectiveNoFileComp."""


def main() -> None:
    """Run a command as `kubectl diagnose`."""
    commands(prog_name=PLUGIN)


def complete() -> None:
    """Print what the words so far may be completed with."""
    *words, unfinished = sys.argv[1:] or [""]
    found = ShellComplete(commands, {}, PLUGIN, "").get_completions(words, unfinished)
    directive = _NO_FILES
    for item in found:
        if item.type in ("file", "dir"):
            directive = _FILES
            continue
        about = " ".join(item.help.split()) if item.help else ""
        click.echo(f"{item.value}\t{about}" if about else item.value)
    click.echo(f":{directive}")
