"""Why a container crashes: from the runtime's message, the log's last error, or the exit code."""

from dataclasses import dataclass, field

from podiatrist.analyzers.common.raw_spec import raw_container, spec_evidence
from podiatrist.analyzers.common.result import and_more
from podiatrist.analyzers.containers.container_ends import Crash, last_words, waiting_sidecars
from podiatrist.analyzers.containers.exit_codes import OOM_KILLED, explain
from podiatrist.analyzers.containers.listening import declared_ports, users_of_port
from podiatrist.analyzers.containers.memory_fixes import memory_limit
from podiatrist.analyzers.containers.start_failures import start_failure
from podiatrist.api.diagnosis import Evidence
from podiatrist.cluster.objects import Event
from podiatrist.cluster.objects.pods import VolumeMount
from podiatrist.cluster.quantity import format_bytes
from podiatrist.cluster.snapshot import Snapshot, compact


@dataclass(frozen=True)
class Cause:
    """Why a container ended. `subject` is the command, path, variable or port it is about."""

    reason: str
    words: str
    subject: str = ""
    evidence: list[Evidence] = field(default_factory=list)


def cause_of(snapshot: Snapshot, crash: Crash) -> Cause:
    """Return the nearest cause that can be quoted."""
    failed = start_failure(crash.status)
    if failed is not None:
        quote = Evidence(source=_describe(snapshot, crash), quote=failed.message)
        command = {k: v for k, v in raw_container(snapshot, crash.name).items()
                   if k in ("command", "args", "workingDir")}  # fmt: skip
        told = [e for part in command.values() for e in spec_evidence(snapshot, part)]
        words = f"cannot be started: {failed.meaning}"
        words += _about_command(crash, failed.subject)
        if failed.reason == "MemoryLimitTooLow" and (limit := memory_limit(crash.spec)):
            words += f" (OOM-killed); it is {format_bytes(limit)}"
        return Cause(failed.reason, words, failed.subject, [quote, *told])
    if crash.ended.reason == OOM_KILLED:
        return _out_of_memory(snapshot, crash)
    if crash.ended.exit_code == 137 and (hook := _post_start_failed(snapshot, crash)):
        return hook
    return _by_exit(snapshot, crash)


def _about_command(crash: Crash, command: str) -> str:
    """Return why a command of that kind is not there, where its name says it."""
    if command.startswith("-") and not crash.spec.command:
        return (
            ". It is the first of the container's args: the image has no entrypoint, so that args "
            "begin with the program; set command"
        )
    if command.rpartition("/")[2] in ("sh", "bash", "ash"):
        return f". The image {crash.spec.image} has no such shell; run its program directly"
    return ""


def _out_of_memory(snapshot: Snapshot, crash: Crash) -> Cause:
    limit = memory_limit(crash.spec)
    words = explain(crash.ended).words
    raw = raw_container(snapshot, crash.name).get("resources")
    if limit:
        words += f"; its memory limit is {format_bytes(limit)}"
    else:
        words += "; it has no memory limit of its own: the pod's limit or the node's memory ran out"
    limits = spec_evidence(snapshot, raw.get("limits")) if isinstance(raw, dict) else []
    evidence = [*end_evidence(snapshot, crash), *limits]
    return Cause("OOMKilled", words, evidence=evidence)


def _post_start_failed(snapshot: Snapshot, crash: Crash) -> Cause | None:
    event = next(
        (e for e in snapshot.events_about(crash.pod.metadata.name)
         if e.reason == "FailedPostStartHook"
         and e.involved_object.field_path.endswith(f"{{{crash.name}}}")),
        None,
    )  # fmt: skip
    if event is None:
        return None
    lifecycle = raw_container(snapshot, crash.name).get("lifecycle")
    hook = lifecycle.get("postStart") if isinstance(lifecycle, dict) else None
    what = f" `{compact(hook)[:200]}`" if hook else ""
    return Cause(
        "PostStartHookFailed",
        f"is killed because its postStart hook{what} fails",
        evidence=[event_evidence(snapshot, event), *spec_evidence(snapshot, hook)],
    )


def _by_exit(snapshot: Snapshot, crash: Crash) -> Cause:
    ending = explain(crash.ended)
    words, evidence = ending.words, end_evidence(snapshot, crash)
    reason = "CrashLoop" if ending.reason == "ContainerCrashing" else ending.reason
    said = last_words(snapshot, crash)
    if reason == "ContainerExits":
        return Cause(reason, f"{words}. {_ends_by_itself(crash)}", evidence=evidence)
    if reason == "ContainerKilled":
        words += (
            ", but neither for its memory limit nor by a probe. Look at what in the pod sends "
            "SIGKILL, at the node's memory and kernel log, and whether it ignores SIGTERM"
        )
    if said is None:
        if reason == "CrashLoop":
            words += ". It left no log; its command and configuration are where to look"
        return Cause(reason, words, evidence=evidence)
    error, log = said
    source = log.source if log else _describe(snapshot, crash)
    evidence = [Evidence(source=source, quote=error.line), *evidence]
    meaning = f": {error.meaning}" if error.meaning else ""
    more = _more(crash, error.reason, error.subject)
    words += f". Its last error: `{error.told}`{meaning}{more}"
    return Cause(error.reason or reason, words, error.subject, evidence)


def _ends_by_itself(crash: Crash) -> str:
    if not (crash.spec.command or crash.spec.args):
        return (
            f"The image {crash.spec.image} is given no command and ends when there is nothing to "
            "do; give it a command that keeps running, or make it a Job"
        )
    return (
        "What shall always run must stay in the foreground; a task that ends is for a Job (and a "
        "server that puts itself in the background needs its foreground flag)"
    )


def _more(crash: Crash, reason: str, subject: str) -> str:
    """Return what the pod's spec adds to what the log says."""
    if reason == "PortInUse" and subject.isdigit():
        others = [n for n in users_of_port(crash.pod, int(subject)) if n != crash.name]
        if others:
            return f". Container {and_more(others)} of this pod has port {subject}"
    elif reason == "PortInUse":
        others = [
            c.name
            for c in crash.pod.spec.containers
            if c.name != crash.name
            and (c.image == crash.spec.image or declared_ports(c) & declared_ports(crash.spec))
        ]
        if others:
            return f". Container {and_more(others)} of this pod listens on the same"
    elif reason in ("PermissionDenied", "ReadOnlyFileSystem", "DiskFull", "FileNotFound"):
        return _where(crash, reason, subject)
    elif reason == "EnvVarMissing":
        names = [e.name for e in crash.spec.env]
        return f". The container's own variables are: {and_more(names, 8)}" if names else ""
    return ""


def _where(crash: Crash, reason: str, path: str) -> str:
    context, pod = crash.spec.security_context, crash.pod.spec.security_context
    mount = mount_of(crash, path)
    parts = []
    if mount:
        volume = next((v for v in crash.pod.spec.volumes if v.name == mount.name), None)
        kind = "a ConfigMap" if volume and volume.config_map else "a volume"
        read_only = ", mounted read-only" if mount.read_only else ""
        parts.append(f"{mount.mount_path} is {kind} ({mount.name}{read_only})")
    elif reason == "ReadOnlyFileSystem" and context and context.read_only_root_filesystem:
        parts.append(
            "the container has readOnlyRootFilesystem: true; an emptyDir mounted there lets it "
            "write"
        )
    if reason == "PermissionDenied":
        users = (c.run_as_user for c in (context, pod) if c)
        user = next((u for u in users if u is not None), None)
        if user is not None:
            parts.append(f"it runs as user {user}")
    return f". Here {', and '.join(parts)}" if parts else ""


def mount_of(crash: Crash, path: str) -> VolumeMount | None:
    """Return the mount that holds a path: the longest one that leads to it."""
    held = [
        m
        for m in crash.spec.volume_mounts
        if m.mount_path and f"{path}/".startswith(f"{m.mount_path.rstrip('/')}/")
    ]
    return max(held, key=lambda m: len(m.mount_path), default=None)


def event_evidence(snapshot: Snapshot, event: Event) -> Evidence:
    """Return an event as evidence."""
    name = event.involved_object.name
    return Evidence(
        source=f"kubectl -n {snapshot.namespace} get events "
        f"--field-selector involvedObject.name={name}",
        quote=event.message,
    )


def end_evidence(snapshot: Snapshot, crash: Crash) -> list[Evidence]:
    """Return how the container ended, in the words of its status."""
    ended, pod = crash.ended, crash.pod.metadata.name
    source = f"kubectl -n {snapshot.namespace} get pod {pod} -o json"
    quote = f'"exitCode":{ended.exit_code}'
    if ended.finished_at is not None:
        at = ended.finished_at.isoformat().replace("+00:00", "Z")
        quote += f',"finishedAt":"{at}"'
    told = [Evidence(source=source, quote=quote)]
    if ended.reason == OOM_KILLED:
        told.append(Evidence(source=source, quote=ended.reason))
    return told


def blocked(crash: Crash) -> str:
    """Return which containers wait for this one; empty where none does."""
    waiting = list(waiting_sidecars(crash))
    return f" Container {and_more(waiting)} cannot start before it." if waiting else ""


def _describe(snapshot: Snapshot, crash: Crash) -> str:
    return f"kubectl -n {snapshot.namespace} describe pod {crash.pod.metadata.name}"
