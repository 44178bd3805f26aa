"""No option shows a password: its title and its actions are read by more people than the workload.

What would have to be masked cannot be approved, so such an option is not made; its finding stays.
"""

from collections.abc import Iterator, Sequence

from podiatrist.actions.base import Action, ActionError
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_probe import SetProbe
from podiatrist.cluster.objects import Container, PodSpec
from podiatrist.cluster.redaction_words import holds_secret_words, redact_words


def check_words(action: Action, template: PodSpec) -> None:
    """Raise ActionError where the words of a command that an action sets hold a secret."""
    if isinstance(action, SetCommand):
        words = [*action.run, *action.args]
    elif isinstance(action, SetProbe):
        words = [*action.run, action.path]
    else:
        return
    if holds_secret_words(words) or _known(template.container(action.container)) & {*words}:
        raise ActionError("it would show a secret: a human has to change that by hand")


def _known(container: Container | None) -> set[str]:
    """Return the words that are secret now: without the flag before it, a password is a word."""
    found: set[str] = set()
    for words in _commands(container) if container else ():
        found |= {word for word, shown in zip(words, redact_words(words), strict=True)
                  if shown != word}  # fmt: skip
    return found


def _commands(container: Container) -> Iterator[Sequence[str]]:
    yield [*container.command, *container.args]
    for probe in (container.liveness_probe, container.readiness_probe, container.startup_probe):
        if probe and probe.exec:
            yield probe.exec.command
