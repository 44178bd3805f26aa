"""`podiatrist completion`: what a shell needs to complete our commands."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for a SHELL.

    Commands, options, and the names of Diagnoses in the cluster. kubectl completes
    `kubectl diagnose` by itself, once kubectl_complete-diagnose is on the PATH.

    \b
    Examples:
      source <(podiatrist completion bash)
      podiatrist completion zsh > "${fpath[1]}/_podiatrist"
      podiatrist completion fish > ~/.config/fish/completions/podiatrist.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    root = context.find_root().command
    click.echo(found(root, {}, "podiatrist", "_PODIATRIST_COMPLETE").source())
