"""Commands to type next, as the user typed this one: `kubectl diagnose`, and in which cluster.

Both come from click's context; where no command runs, they are as without options.
"""

import os
import re
import shlex

import click
from click.core import ParameterSource

PLUGIN = "kubectl diagnose"
"""What the kubectl plugin is called by."""

_COMMANDS = re.compile(
    r"\bpodiatrist (?=(?:list|show|approve|reject|retry|undo|run|watch|audit|ask|chat|transcript|"
    r"doctor|settings|crd|completion)\b|--help)"
)


def ours(command: str) -> str:
    """Return a command of ours, such as `show web-7f3a9c -n shop`, for the cluster of this one."""
    flags = "".join(f" --{name} {shlex.quote(value)}" for name, value in _cluster().items())
    return spoken(f"podiatrist {command}{flags}")


def kubectl(arguments: str) -> str:
    """Return a command of kubectl for the cluster of this one."""
    given = _cluster()
    files = given.get("kubeconfig", "")
    before = ""
    if os.pathsep in files:  # several: kubectl takes them from the environment only
        before = f"KUBECONFIG={shlex.quote(given.pop('kubeconfig'))} "
    flags = "".join(f"--{name} {shlex.quote(value)} " for name, value in given.items())
    return f"{before}kubectl {flags}{arguments}"


def _cluster() -> dict[str, str]:
    """Return what the command line says of the cluster; the environment stays as it is."""
    context = click.get_current_context(silent=True)
    if context is None:
        return {}
    return {
        name: str(context.params[name])
        for name in ("context", "kubeconfig")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        and context.params.get(name)
    }


def spoken(text: str) -> str:
    """Return text with the commands in it as the user types them."""
    context = click.get_current_context(silent=True)
    name = context.find_root().info_name if context else None
    return _COMMANDS.sub(f"{PLUGIN} ", text) if name == PLUGIN else text
