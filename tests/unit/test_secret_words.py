"""A command that holds a password is diagnosed, and never written out: not in what is offered."""

import pytest

from podiatrist.analyzers import analyze
from podiatrist.api.diagnosis import Option
from podiatrist.lifecycle.options.propose import offer_options, told
from tests.unit.builders import World
from tests.unit.test_crashes import crashing, not_started
from tests.unit.test_probes import NO_CURL, TCP_REFUSED, failing

PASSWORD = "hunter2"  # noqa: S105 - made up
WITH_PASSWORD = [
    [f"--password={PASSWORD}"],
    ["--password", PASSWORD],
    ["-u", f"root:{PASSWORD}"],
]
SOCKET = {"tcpSocket": {"port": 8080}}


def written(world: World) -> tuple[list[str], list[Option]]:
    """Return the reasons and options of a status; nothing of it may hold the password."""
    snapshot = world.snapshot()
    results = analyze(snapshot)
    findings, options = told(results), offer_options(snapshot, results, 60)
    assert PASSWORD not in str(findings)
    assert PASSWORD not in str(options)
    return [f.reason for f in findings], options


def mistyped(*words: str) -> World:
    message = f'exec: "{words[0]}": executable file not found in $PATH: unknown'
    return not_started(message, command=list(words))


@pytest.mark.parametrize("words", WITH_PASSWORD, ids=" ".join)
def test_a_mistyped_program_with_a_password_is_named_and_left_to_a_human(words: list[str]) -> None:
    assert written(mistyped("nginz", "-q"))[1][0].title == "Set the command of app to nginx -q"
    reasons, options = written(mistyped("nginz", *words))
    assert reasons == ["CommandNotFound"]
    assert [o.title for o in options] == ["Set the command of app to what the image says"]


@pytest.mark.parametrize("words", WITH_PASSWORD, ids=" ".join)
def test_a_server_on_localhost_is_not_mended_with_its_password(words: list[str]) -> None:
    command = ["httpd", "-p", "127.0.0.1:8080"]
    assert written(failing("Readiness", TCP_REFUSED, SOCKET, command=command))[1]
    world = failing("Readiness", TCP_REFUSED, SOCKET, command=[*command, *words])
    assert written(world) == (["ListensOnLocalhost"], [])


def test_a_password_whose_flag_would_go_is_a_password_still() -> None:
    usage = "unknown flag: --dbpasswd"
    assert written(crashing(usage, args=["serve", "--dbpasswd", PASSWORD])) == (
        ["UnknownFlag"],
        [],
    )


def test_a_probe_with_a_password_can_be_mended_without_it() -> None:
    command = ["curl", "-u", f"root:{PASSWORD}", "http://localhost:8080/ok"]
    probe = {"exec": {"command": command}}
    _, options = written(failing("Readiness", NO_CURL, probe, errored=True))
    assert options[0].title == "Set the readiness probe of app to ask /ok on port 8080 by HTTP"
    command[-1] = f"http://localhost:8080/ok?token={PASSWORD}"
    assert written(failing("Readiness", NO_CURL, probe, errored=True))[1] == []


def test_a_password_in_the_place_of_a_program_is_masked_in_the_rationale() -> None:
    message = f'exec: "--password={PASSWORD}": executable file not found in $PATH'
    world = not_started(message, args=[f"--password={PASSWORD}"], image="redis:7")
    assert written(world)[1][0].rationale.startswith("`--password=*** does not exist")
