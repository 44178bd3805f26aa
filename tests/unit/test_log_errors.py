"""The error that a log ends with: which line, of what kind, about what."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podiatrist.analyzers.containers.exit_codes import explain
from podiatrist.analyzers.containers.log_errors import last_error
from podiatrist.analyzers.containers.log_patterns import PATTERNS
from podiatrist.cluster.objects import Terminated

# What programs really print, a line each: reason and subject.
TOLD = [
    ("KeyError: 'DATABASE_URL'", "EnvVarMissing", "DATABASE_URL"),
    ("sh: API_HOST: parameter not set", "EnvVarMissing", "API_HOST"),
    ("run.sh: line 4: MY_VAR: unbound variable", "EnvVarMissing", "MY_VAR"),
    ("ERROR: DATABASE_URL must be set", "EnvVarMissing", "DATABASE_URL"),
    ('env: required environment variable "PORT" is not set', "EnvVarMissing", "PORT"),
    ("Missing required environment variable: API_KEY", "EnvVarMissing", "API_KEY"),
    ("required key APP_TOKEN missing value", "EnvVarMissing", "APP_TOKEN"),
    ("sh: slep: not found", "CommandNotFound", "slep"),
    ("/entrypoint.sh: line 3: gunicorn: command not found", "CommandNotFound", "gunicorn"),
    ("sh: can't create /data/out: Permission denied", "PermissionDenied", "/data/out"),
    ("PermissionError: [Errno 13] Permission denied: '/data/db'", "PermissionDenied", "/data/db"),
    (
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        "PortInUse",
        "80",
    ),
    ("listen tcp :8080: bind: address already in use", "PortInUse", "8080"),
    ("Error: listen EADDRINUSE: address already in use :::3000", "PortInUse", "3000"),
    ("OSError: [Errno 98] Address already in use", "PortInUse", ""),
    ("listen tcp :80: bind: permission denied", "PortNotPermitted", "80"),
    (
        'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)',
        "ReadOnlyFileSystem",
        "/var/cache/nginx/client_temp",
    ),
    ("touch: /var/log/app.log: Read-only file system", "ReadOnlyFileSystem", "/var/log/app.log"),
    (
        'nginx: [emerg] unknown directive "lisen" in /etc/nginx/conf.d/bad.conf:1',
        "InvalidConfiguration",
        "/etc/nginx/conf.d/bad.conf",
    ),
    ("yaml: line 3: mapping values are not allowed in this context", "InvalidConfiguration", ""),
    ("sleep: unrecognized option '--nope'", "UnknownFlag", "--nope"),
    ("flag provided but not defined: -foo", "UnknownFlag", "-foo"),
    ("Error: unknown flag: --foo", "UnknownFlag", "--foo"),
    ("error: unrecognized arguments: --foo bar", "UnknownFlag", "--foo"),
    ("sleep: invalid number '--nope'", "InvalidArgument", "--nope"),
    ("ModuleNotFoundError: No module named 'flask'", "ModuleNotFound", "flask"),
    ("Error: Cannot find module '/app/index.js'", "ModuleNotFound", "/app/index.js"),
    ("cat: can't open '/etc/app/app.conf': No such file or directory", "FileNotFound",
     "/etc/app/app.conf"),
    ("Config file /etc/app.yaml not found", "FileNotFound", "/etc/app.yaml"),
    ("cp: can't create '/x': No space left on device", "DiskFull", "/x"),
    ("exec /s/run.sh: no such file or directory", "CommandNotFound", "/s/run.sh"),
    ("tail: out of memory", "MemoryExhausted", "out of memory"),
    ("exec /app/server: exec format error", "ExecFormatError", "/app/server"),
    ('FATAL: password authentication failed for user "app"', "CredentialsRefused", "app"),
    ("dial tcp: lookup db.shop.svc on 10.96.0.10:53: no such host", "PeerUnreachable",
     "db.shop.svc"),
    ("dial tcp 10.0.0.1:5432: connect: connection refused", "PeerUnreachable", "10.0.0.1:5432"),
    ("wget: bad address 'db:80'", "PeerUnreachable", "db:80"),
    (
        ('pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in '
        'API group "" in the namespace "shop"'),
        "ForbiddenByRbac",
        "system:serviceaccount:shop:web",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason", "subject"), TOLD, ids=[t[0][:40] for t in TOLD])
def test_lines_of_real_programs(line: str, reason: str, subject: str) -> None:
    error = last_error(f"starting\nready soon\n{line}\n")
    assert error is not None
    assert (error.reason, error.subject, error.line) == (reason, subject, line)
    assert subject in error.meaning


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (
            (
                "panic: open /etc/app/config.yaml: no such file or directory\n\n"
                "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:12 +0x1d\n"
            ),
            "FileNotFound",
            "panic: open /etc/app/config.yaml: no such file or directory",
        ),
        (
            (
                'Traceback (most recent call last):\n  File "/app/m.py", line 3, in <module>\n'
                "    x = os.environ['A_B']\nKeyError: 'A_B'\n"
            ),
            "EnvVarMissing",
            "KeyError: 'A_B'",
        ),
        (
            "java.lang.OutOfMemoryError: Java heap space\n\tat x.y.Z(Z.java:3)\n",
            "MemoryExhausted",
            "java.lang.OutOfMemoryError: Java heap space",
        ),
        (
            (
                "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n"
                "nginx: [emerg] still could not bind()\n"
            ),
            "PortInUse",
            "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        ),
        (
            (
                "Error: Database is uninitialized and superuser password is not specified.\n"
                "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
                "       superuser.\n"
            ),
            "EnvVarMissing",
            "Error: Database is uninitialized and superuser password is not specified.",
        ),
        (
            "warn: /x.conf: no such file or directory\nFATAL: licence expired\n",
            "",
            "FATAL: licence expired",
        ),
        ("one\ntwo\nbye\n", "", "bye"),
    ],
)
def test_the_telling_line_stands_among_others(text: str, reason: str, line: str) -> None:
    error = last_error(text)
    assert error is not None
    assert (error.reason, error.line) == (reason, line)


def test_postgres_names_its_variable_a_line_later() -> None:
    error = last_error(
        "Error: Database is uninitialized and superuser password is not specified.\n"
        "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n"
    )
    assert error is not None
    assert error.subject == "POSTGRES_PASSWORD"


def test_an_empty_log_says_nothing() -> None:
    assert last_error(" \n\n") is None


@given(st.text())
def test_any_text_is_read_and_quoted_literally(text: str) -> None:
    error = last_error(text)
    assert error is None or error.line in text


@given(st.lists(st.sampled_from([*(t[0] for t in TOLD), "\x00", "\ud800", "a" * 5000, "{}"])))
def test_real_lines_in_any_company(lines: list[str]) -> None:
    text = "\n".join(lines)
    error = last_error(text)
    assert error is None or error.line in text


@pytest.mark.parametrize("piece", ["a/b", "bind:8", "KeyError: A_", "A", "config yaml error ", "-"])
def test_no_line_takes_long(piece: str) -> None:
    text = "\n".join([(piece * 1000)[:1000]] * 100)
    started = time.process_time()
    last_error(text)
    assert time.process_time() - started < 5


def test_all_patterns_say_something_with_and_without_a_subject() -> None:
    for pattern in PATTERNS:
        assert "{}" not in pattern.words("it")
        assert "{}" not in pattern.words("")


@pytest.mark.parametrize(
    ("code", "reason", "word"),
    [
        (0, "ContainerExits", "by itself"),
        (1, "ContainerCrashing", "exit code 1"),
        (2, "ContainerCrashing", "usage"),
        (126, "CommandNotExecutable", "not be executed"),
        (127, "CommandNotFound", "not found"),
        (128, "StartFailed", "runtime"),
        (134, "Aborted", "SIGABRT"),
        (137, "ContainerKilled", "SIGKILL"),
        (139, "SegmentationFault", "SIGSEGV"),
        (143, "ContainerTerminated", "SIGTERM"),
        (255, "ContainerCrashing", "255"),
        (-1, "ContainerCrashing", "-1"),
    ],
)
def test_exit_codes(code: int, reason: str, word: str) -> None:
    ending = explain(Terminated(exit_code=code, reason="Error"))
    assert ending.reason == reason
    assert word in ending.words


def test_out_of_memory_with_another_code_than_137() -> None:
    """Cgroup v1 kills one process; the container's first may end with its own code."""
    assert explain(Terminated(exit_code=1, reason="OOMKilled")).reason == "OOMKilled"
