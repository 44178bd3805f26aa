"""The last words of containers that failed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ContainerLog:
    """The end of one container's log, redacted.

    `previous` is true where it is the log of the run before the present one.
    """

    namespace: str
    pod: str
    container: str
    previous: bool
    text: str

    @property
    def source(self) -> str:
        """The command that shows it."""
        run = " --previous" if self.previous else ""
        return f"kubectl -n {self.namespace} logs {self.pod} -c {self.container}{run}"

    @property
    def lines(self) -> list[str]:
        """Lines that hold something, in order."""
        return [line for line in self.text.splitlines() if line.strip()]
