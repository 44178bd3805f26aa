"""What a command said, cleaned."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """What one command said."""

    command: str
    """The command as a human would type it: `kubectl get pods -n shop`."""
    text: str
    """Bounded, redacted, and free of control characters."""
    ok: bool
    """Whether kubectl succeeded; where not, `text` is what it complained about."""
