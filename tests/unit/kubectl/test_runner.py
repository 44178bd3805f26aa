"""What a command is run with, and the ways in which it may end; the programs here are scripts."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from podiatrist.cluster.errors import ClusterError
from podiatrist.cluster.kubectl import Kubectl, Output, RefusedCommandError, find_kubectl
from podiatrist.cluster.kubectl.grammar import parse
from podiatrist.cluster.kubectl.output import presented


def script(folder: Path, text: str) -> Path:
    path = folder / "kubectl"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def run(folder: Path, text: str, line: str = "get pods", *, seconds: float = 20.0) -> Output:
    kubectl = Kubectl(script(folder, text), folder / "config", seconds=seconds)
    return asyncio.run(kubectl.run(line))


def test_it_is_run_with_arguments_of_ours_and_nothing_of_our_environment(tmp_path: Path) -> None:
    os.environ["PODIATRIST_MODEL_KEY"] = "s3cr3t"
    try:
        shown = run(
            tmp_path, '/usr/bin/env; for a in "$@"; do echo "arg $a"; done', "get po -nshop"
        )
    finally:
        del os.environ["PODIATRIST_MODEL_KEY"]
    assert "PODIATRIST_MODEL_KEY" not in shown.text
    assert "KUBECTL_KUBERC=false" in shown.text
    home = next(line for line in shown.text.splitlines() if line.startswith("HOME="))[5:]
    assert f"PATH={home}/bin" in shown.text
    assert f"KUBECONFIG={tmp_path}/config" in shown.text
    arguments = [line[4:] for line in shown.text.splitlines() if line.startswith("arg ")]
    assert arguments == [
        f"--kubeconfig={tmp_path}/config",
        f"--cache-dir={home}/cache",
        "--request-timeout=15s",
        "get",
        "pods",
        "--namespace=shop",
    ]
    assert shown.command == "kubectl get pods -n shop"


def test_a_refused_line_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(RefusedCommandError):
        run(tmp_path, f"echo ran > {tmp_path}/ran", "delete pod web-1")
    assert not (tmp_path / "ran").exists()


def test_it_gets_no_input(tmp_path: Path) -> None:
    assert run(tmp_path, "/bin/cat; echo end").text == "end"


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    shown = run(tmp_path, f"/bin/sleep 60 & echo $! > {tmp_path}/child; /bin/sleep 60", seconds=0.5)
    assert time.monotonic() - started < 5
    assert shown == Output(
        "kubectl get pods", "no answer within 0.5 seconds: ask for less at once", ok=False
    )
    child = int((tmp_path / "child").read_text())
    wait_until_gone(child)


def test_whoever_is_cancelled_leaves_nothing_running(tmp_path: Path) -> None:
    async def story() -> None:
        kubectl = Kubectl(
            script(
                tmp_path,
                f"echo $$ > {tmp_path}/pid; /bin/ln {tmp_path}/pid {tmp_path}/own; /bin/sleep 60",
            ),
            tmp_path / "c",
        )
        task = asyncio.create_task(kubectl.run("get pods"))
        while not (tmp_path / "own").is_file():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    wait_until_gone(int((tmp_path / "own").read_text()))


def test_output_without_end_is_cut_off(tmp_path: Path) -> None:
    shown = run(tmp_path, "while :; do echo 0123456789012345678901234567890123456789; done")
    assert "there was more, which was not read" in shown.text
    assert len(shown.text) < 7000
    assert not shown.ok


def test_nobody_waits_while_a_big_object_is_cleaned(tmp_path: Path) -> None:
    lines = "\n".join(f"line {n} of a file that somebody keeps here" for n in range(75))
    data = {f"file-{n}": lines for n in range(300)}
    answer = json.dumps({"kind": "ConfigMap", "metadata": {"name": "big"}, "data": data})
    (tmp_path / "answer").write_text(answer)
    line = "get configmap big -o yaml"
    start = time.monotonic()
    presented(parse(line), answer.encode(), b"", True, False, 6000)
    takes = time.monotonic() - start

    async def story() -> float:
        kubectl = Kubectl(script(tmp_path, f"/bin/cat {tmp_path}/answer"), tmp_path / "config")
        running = asyncio.create_task(kubectl.run(line))
        longest, before = 0.0, time.monotonic()
        while not running.done():
            await asyncio.sleep(0.005)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
        assert (await running).ok
        return longest

    assert asyncio.run(story()) < takes / 2


def test_a_complaint_is_the_text_of_a_failure(tmp_path: Path) -> None:
    shown = run(tmp_path, "echo half; echo 'Error: no such pod' >&2; exit 1")
    assert shown == Output("kubectl get pods", "half\nError: no such pod", ok=False)


def test_what_is_said_beside_an_empty_answer_is_told(tmp_path: Path) -> None:
    shown = run(tmp_path, "echo 'No resources found in shop namespace.' >&2")
    assert shown.text == "No resources found in shop namespace."
    assert shown.ok


def test_warnings_beside_an_answer_are_left_out(tmp_path: Path) -> None:
    assert run(tmp_path, "echo web-1; echo 'Warning: old' >&2").text == "web-1"


def test_nothing_at_all_is_told_as_such(tmp_path: Path) -> None:
    assert run(tmp_path, "true").text == "(no output)"


def test_a_kubectl_that_does_not_start_is_an_error_of_the_cluster(tmp_path: Path) -> None:
    kubectl = Kubectl(tmp_path / "nowhere", tmp_path / "config")
    with pytest.raises(ClusterError, match="does not start: No such file"):
        asyncio.run(kubectl.run("get pods"))


def test_the_same_kubectl_can_look_into_another_namespace(tmp_path: Path) -> None:
    kubectl = Kubectl(script(tmp_path, "true"), tmp_path / "config").within("shop")
    assert asyncio.run(kubectl.run("get pods")).command == "kubectl get pods -n shop"


def test_a_setting_says_which_kubectl(tmp_path: Path) -> None:
    path = script(tmp_path, "true")
    assert find_kubectl(str(path)) == path
    with pytest.raises(ClusterError, match="set PODIATRIST_KUBECTL"):
        find_kubectl(str(tmp_path / "nowhere"))
    with pytest.raises(ClusterError, match="set PODIATRIST_KUBECTL"):
        find_kubectl(str(tmp_path))


def wait_until_gone(pid: int) -> None:
    """A killed child of a killed parent is gone once init has taken it."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")
