"""Fixes for containers that crash: back to what worked, or the one field that is wrong."""

import re
from collections.abc import Iterator

from podiatrist.actions.compiler import Proposal
from podiatrist.actions.set_command import SetCommand
from podiatrist.actions.set_env import SetEnv
from podiatrist.actions.set_security_context import SetSecurityContext
from podiatrist.analyzers.common.commands import (
    Command,
    by_interpreter,
    command_of,
    image_name,
    mended,
    render,
)
from podiatrist.analyzers.common.near_miss import near_misses
from podiatrist.analyzers.common.rollout import template_takes_effect
from podiatrist.analyzers.common.way_back import way_back
from podiatrist.analyzers.containers.container_ends import Crash
from podiatrist.analyzers.containers.crash_causes import Cause, mount_of
from podiatrist.analyzers.containers.memory_fixes import more_memory
from podiatrist.api.diagnosis import Risk
from podiatrist.cluster.objects import Container
from podiatrist.cluster.snapshot import Snapshot

_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]{1,60}")


def propose(snapshot: Snapshot, crash: Crash, cause: Cause) -> Iterator[Proposal]:
    """Yield fixes for one crashing container, the best first."""
    container = snapshot.template.container(crash.name)
    if not template_takes_effect(snapshot) or container is None:
        return
    if not _still_so(container, crash.spec):
        return
    yield from way_back(snapshot, crash.name, crash.pods)
    match cause.reason:
        case "OOMKilled" | "MemoryLimitTooLow" | "MemoryExhausted":
            yield from more_memory(snapshot, crash.name)
        case "CommandNotFound":
            yield from _commands(snapshot, container, mended(snapshot, container, cause.subject))
        case "CommandNotExecutable" | "ExecFormatError":
            yield from _commands(snapshot, container, by_interpreter(container, cause.subject))
        case "ContainerExits":
            yield from _commands(snapshot, container, _in_foreground(container))
        case "UnknownFlag":
            yield from _commands(snapshot, container, _flags(snapshot, crash, cause.subject))
        case "FileNotFound" | "InvalidConfiguration" | "ModuleNotFound":
            yield from _commands(snapshot, container, _files(snapshot, crash, cause.subject))
        case "EnvVarMissing":
            yield from _variables(snapshot, container, cause.subject)
        case "ReadOnlyFileSystem":
            yield from _writable(snapshot, crash, cause.subject)
        case "PermissionDenied":
            yield from _group(snapshot, crash, cause.subject)


def _still_so(now: Container, then: Container) -> bool:
    """Whether the template still asks for what failed: old pods may have been another thing."""
    if not then.image:
        return True
    limits, had = now.resources.limits, then.resources.limits
    return (now.command, now.args, now.image, limits) == (then.command, then.args, then.image, had)


def _commands(
    snapshot: Snapshot, container: Container, found: Iterator[tuple[Command, str]]
) -> Iterator[Proposal]:
    for command, why in found:
        yield Proposal(
            title=f"Set the command of {container.name} to {render(command)}",
            rationale=why,
            actions=(
                SetCommand(
                    object=snapshot.target,
                    container=container.name,
                    run=list(command.run),
                    args=list(command.args),
                ),
            ),
        )


def _in_foreground(container: Container) -> Iterator[tuple[Command, str]]:
    command = command_of(container)
    words = command.words()
    if image_name(container) == "nginx" and words and not any("daemon" in w for w in words):
        last = words[-1]
        if len(words) == 1 and last.rpartition("/")[2] == "nginx":
            yield (
                command.with_first([last, "-g", "daemon off;"]),
                "Without `daemon off;` nginx goes into the background, and the container ends.",
            )


def _flags(snapshot: Snapshot, crash: Crash, wrong: str) -> Iterator[tuple[Command, str]]:
    command = command_of(crash.spec)
    words = command.words()
    asked = next((w for w in words if w.split("=")[0].lstrip("-") == wrong.lstrip("-")), "")
    if not asked.startswith("-"):
        return
    flag = asked.split("=")[0]
    logs = snapshot.logs_of(crash.pod.metadata.name, crash.name)
    known = [f for log in logs for f in _FLAG.findall(log.text) if f.lstrip("-") != wrong]
    for meant in near_misses(flag, known, 1):
        yield (
            command.replaced(flag, meant),
            f"{flag} is not known; {meant}, which the program names, is close to it.",
        )
    without = command.without(flag)
    if without.words():
        yield without, f"The program does not know {flag} and may do without it."


def _files(snapshot: Snapshot, crash: Crash, wrong: str) -> Iterator[tuple[Command, str]]:
    """Yield the command with a mounted file's path, where that is nearly the wrong one."""
    command = command_of(crash.spec)
    if not wrong or not any(wrong in word for word in command.words()):
        return
    for meant in near_misses(wrong, _known_files(snapshot, crash), 1):
        new = command.replaced(wrong, meant)
        if new != command:
            yield new, f"{wrong} does not exist; {meant} is mounted into the container."


def _known_files(snapshot: Snapshot, crash: Crash) -> Iterator[str]:
    keys = {m.metadata.name: m.keys for m in snapshot.config_maps}
    for mount in crash.spec.volume_mounts:
        volume = next((v for v in crash.pod.spec.volumes if v.name == mount.name), None)
        if volume is None or volume.config_map is None:
            continue
        if mount.sub_path:
            yield mount.mount_path
            continue
        source = volume.config_map
        names = [i.path for i in source.items] or keys.get(source.name, [])
        yield from (f"{mount.mount_path.rstrip('/')}/{name}" for name in names)


def _variables(snapshot: Snapshot, container: Container, wanted: str) -> Iterator[Proposal]:
    if not wanted:
        return
    own = [e.name for e in container.env]
    if wanted in own:
        return
    choices = [(name, "", f"{name} is set and close to it") for name in near_misses(wanted, own, 1)]
    choices += [
        (wanted, other.name, f"container {other.name} has it")
        for other in snapshot.template.all_containers
        if other.name != container.name and any(e.name == wanted for e in other.env)
    ]
    for like, where, why in choices:
        source = like if not where else f"{like} of container {where}"
        yield Proposal(
            title=f"Set {wanted} in container {container.name} as {source}",
            rationale=f"The program asks for {wanted}, which is not set; {why}.",
            actions=(
                SetEnv(
                    object=snapshot.target,
                    container=container.name,
                    name=wanted,
                    like=like,
                    like_container=where,
                ),
            ),
        )


def _writable(snapshot: Snapshot, crash: Crash, path: str) -> Iterator[Proposal]:
    context = crash.spec.security_context
    if context is None or not context.read_only_root_filesystem or mount_of(crash, path):
        return
    yield Proposal(
        title=f"Let container {crash.name} write to its own file system",
        rationale="The program writes outside its volumes. An emptyDir at each folder that it "
        "writes to is the stricter way; this one works without knowing them all.",
        actions=(
            SetSecurityContext(
                object=snapshot.target, container=crash.name, read_only_root_filesystem=False
            ),
        ),
        risk=Risk.MEDIUM,
    )


def _group(snapshot: Snapshot, crash: Crash, path: str) -> Iterator[Proposal]:
    mount = mount_of(crash, path)
    volume = next(
        (v for v in crash.pod.spec.volumes if mount is not None and v.name == mount.name), None
    )
    context = crash.pod.spec.security_context
    if volume is None or volume.persistent_volume_claim is None or (context and context.fs_group):
        return
    users = [c.run_as_group or c.run_as_user for c in (crash.spec.security_context, context) if c]
    group = next((u for u in users if u), None)
    if group:
        yield Proposal(
            title=f"Give the pod's volumes to group {group} (fsGroup)",
            rationale=f"{path} lies on a volume whose files belong to another user; fsGroup makes "
            "the kubelet hand them over.",
            actions=(SetSecurityContext(object=snapshot.target, fs_group=group),),
        )
