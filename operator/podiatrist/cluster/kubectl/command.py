"""One parsed command: typed parts, and the two ways of writing it out."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Form = Literal["text", "table", "description", "log", "objects"]
"""What kind of output it has, which decides how it is cleaned and shortened."""

_SHORT = {"namespace": "-n", "output": "-o", "selector": "-l", "all-namespaces": "-A",
          "container": "-c", "previous": "-p", "label-columns": "-L"}  # fmt: skip


@dataclass(frozen=True)
class Command:
    """A command that may be run."""

    verb: str
    """One or two words, such as `rollout status`."""
    words: tuple[str, ...]
    """Kinds and names, in our spelling."""
    flags: Mapping[str, str]
    """By long name; switches hold "true" or "false"."""
    form: Form = "text"
    namespaced: bool = True
    """Whether it makes a difference in which namespace it looks."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """Flags that bound or change the run and are no business of whoever reads the command."""

    @property
    def arguments(self) -> list[str]:
        """What kubectl gets behind the flags that are always there."""
        flags = {**self.flags, **self.silent}
        return [*self.verb.split(), *self.words, *(f"--{k}={v}" for k, v in flags.items())]

    @property
    def line(self) -> str:
        """The command as a human would type it."""
        shown = ["kubectl", *self.verb.split(), *self.words]
        for long, value in self.flags.items():
            name = _SHORT.get(long, f"--{long}")
            if value == "true":
                shown.append(name)
            elif name.startswith("--"):
                shown.append(f"{name}={value}")
            else:
                shown += [name, value]
        return shlex.join(shown)
