"""Our commands as the user typed them: `kubectl diagnose show` in the plugin."""

import re

import click

PLUGIN = "kubectl diagnose"
"""What the kubectl plugin is called by."""

_COMMANDS = re.compile(
    r"\bpodiatrist (?=(?:list|show|approve|reject|retry|undo|run|watch|audit|ask|chat|transcript|"
    r"doctor|settings|crd|completion)\b|--help)"
)


def spoken(text: str) -> str:
    """Return text with the commands in it as the user types them."""
    context = click.get_current_context(silent=True)
    name = context.find_root().info_name if context else None
    return _COMMANDS.sub(f"{PLUGIN} ", text) if name == PLUGIN else text
