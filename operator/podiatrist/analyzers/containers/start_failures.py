"""Why a container runtime could not start a container: what runc says, taken apart.

Messages of runc 1.1 by way of containerd: `runc create failed: unable to start container process:
exec: "nginz": executable file not found in $PATH`; StartError once it gave up, RunContainerError
while it tries.
"""

import re
from dataclasses import dataclass

from podiatrist.analyzers.containers.container_ends import START_REASONS
from podiatrist.cluster.objects import ContainerStatus

_LONGEST = 4_000


@dataclass(frozen=True)
class StartFailure:
    """Why it did not start: `subject` is the command or folder, `message` what the runtime said."""

    reason: str
    subject: str
    meaning: str
    message: str


_WORD = r'"((?:[^"\\]|\\.){1,500})"'

_KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "CommandNotFound",
        rf"exec: {_WORD}: executable file not found",
        "the command `{}` is not in the image (not found in its $PATH)",
    ),
    (
        "CommandNotFound",
        rf"exec: {_WORD}: (?:stat [^:\n]{{1,500}}: )?no such file or directory",
        "the command `{}` does not exist in the image (no such file or directory)",
    ),
    (
        "CommandNotFound",
        r"exec (/[^:\n\"]{1,500}): no such file or directory",
        "the command `{}`, or the interpreter of its `#!` line, does not exist in the image",
    ),
    (
        "CommandNotExecutable",
        rf"exec: {_WORD}: (?:permission denied|is a directory)",
        "the command `{}` may not be executed (permission denied): no executable bit, or a folder",
    ),
    (
        "ExecFormatError",
        rf"(?:exec:? {_WORD}: |exec (/[^:\n]{{1,500}}): )?exec format error",
        (
            "the program `{}` cannot be executed here (exec format error): built for another "
            "CPU, or a script without a `#!` line"
        ),
    ),
    (
        "MemoryLimitTooLow",
        (
            r"OOM-killed \(memory limit too low\?\)|container init was OOM|"
            r"(?:init|process|shim task|create failed)[^\n]{0,200}: signal: killed|"
            r"memory\.limit_in_bytes: device or resource busy|minimum memory limit"
        ),
        "its memory limit is too small even to start a process in it",
    ),
    (
        "BadWorkingDirectory",
        (
            r"(?:mkdir|chdir to cwd \(\"?|chdir)[ ]?\"?(/[^\s\":)]{1,500})[^\n]{0,120}"
            r"(?:not a directory|read-only file system|permission denied|no such file)"
        ),
        "its working directory `{}` cannot be entered or made",
    ),
)


def start_failure(status: ContainerStatus) -> StartFailure | None:
    """Return why a container could not be started, None where that is not what ails it.

    Failed mounts come by the same way and are left to the rules about mounts.
    """
    waiting, ended = status.state.waiting, status.last_end
    texts = []
    if waiting is not None and waiting.reason in START_REASONS:
        texts.append(waiting.message)
    if ended is not None and ended.reason in START_REASONS and status.state.running is None:
        texts.append(ended.message)
    for text in texts:
        if "error mounting" in text[:_LONGEST]:
            return None
    told = next((t for t in texts if t), None)
    return None if told is None else read_start_failure(told)


def is_mount_failure(status: ContainerStatus) -> bool:
    """Whether the runtime failed at a mount: the rules about mounts tell that."""
    waiting, ended = status.state.waiting, status.last_end
    return any(
        "error mounting" in part.message[:_LONGEST]
        for part in (waiting, ended)
        if part is not None and part.reason in START_REASONS
    )


def read_start_failure(message: str) -> StartFailure:
    """Return what a message of the runtime means."""
    text = message[:_LONGEST]
    for reason, regex, meaning in _KINDS:
        if found := re.search(regex, text):
            subject = next((g for g in found.groups() if g), "")
            words = meaning.replace(" `{}`", f" `{subject}`" if subject else "")
            return StartFailure(reason, subject, words, message)
    tail = text.rpartition("unable to start container process: ")[2].removesuffix(": unknown")
    return StartFailure("StartFailed", "", f"the container runtime said: {tail[:300]}", message)
