"""How a container ended, in words: exit codes and signals (POSIX sh 2.8.2, signal(7))."""

from dataclasses import dataclass

from podiatrist.cluster.objects import Terminated

OOM_KILLED = "OOMKilled"
KILLED = 137
TERMINATED = 143

_SIGNALS = {
    1: ("SIGHUP", "its terminal or parent went away"),
    2: ("SIGINT", "it was interrupted"),
    3: ("SIGQUIT", "it was asked to quit"),
    4: ("SIGILL", "the program holds an instruction that this CPU does not know"),
    5: ("SIGTRAP", "the program ran into a trap, as V8 and Swift do on fatal errors"),
    6: ("SIGABRT", "the program aborted itself: a failed assertion, or no memory"),
    7: ("SIGBUS", "the program accessed memory that is not there, often a full /dev/shm"),
    8: ("SIGFPE", "the program divided by zero"),
    9: ("SIGKILL", "it was killed"),
    11: ("SIGSEGV", "segmentation fault: a bug in the program or a library that does not fit"),
    13: ("SIGPIPE", "it wrote to a pipe or connection that was closed"),
    15: ("SIGTERM", "it was told to stop"),
    31: ("SIGSYS", "it made a system call that seccomp forbids"),
}

_CODES: dict[int, tuple[str, str]] = {
    0: ("ContainerExits", "it ended by itself without an error"),
    1: ("ContainerCrashing", "the application reported an error"),
    2: ("ContainerCrashing", "wrong usage or a wrong argument, or a panic of a Go program"),
    126: ("CommandNotExecutable", "the command was found but may not be executed"),
    127: ("CommandNotFound", "the command was not found"),
    128: ("StartFailed", "the container runtime could not start it"),
}

_OF_SIGNALS = {
    4: "IllegalInstruction",
    6: "Aborted",
    7: "BusError",
    9: "ContainerKilled",
    11: "SegmentationFault",
    15: "ContainerTerminated",
}


@dataclass(frozen=True)
class Ending:
    """What an exit code means: `reason` in one CamelCase word, `words` for a sentence.

    `words` reads after "container app": `ended with exit code 127: the command was not found`.
    """

    reason: str
    words: str
    signal: int = 0


def explain(ended: Terminated) -> Ending:
    """Return what the end of a container means, without looking at anything around it."""
    code = ended.exit_code
    if ended.reason == OOM_KILLED:
        # Under cgroup v1 the kernel kills one process of the container: its parent may still
        # end with a code of its own, such as 1.
        return Ending(
            "OOMKilled",
            f"was killed for using more memory than its limit (OOMKilled, exit code {code})",
            9,
        )
    signal = ended.signal or (code - 128 if 128 < code < 128 + 65 else 0)
    if signal:
        name, meaning = _SIGNALS.get(signal, (f"signal {signal}", "a signal ended it"))
        reason = _OF_SIGNALS.get(signal, "ContainerCrashing")
        return Ending(reason, f"ended with exit code {code} ({name}): {meaning}", signal)
    reason, meaning = _CODES.get(code, ("ContainerCrashing", "the application reported an error"))
    return Ending(reason, f"ended with exit code {code}: {meaning}")
