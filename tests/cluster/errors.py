"""The one error of the test cluster: what is wrong, and the reader's next step."""


class ClusterError(Exception):
    """An expected failure. `next_step` says what the reader can do about it."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.args[0]}\n  next: {self.next_step}"
