"""The commands of `python -m tests.model`: each parses, calls one function, prints."""

import argparse
from pathlib import Path

import click

from tests.cluster import paths
from tests.cluster.errors import ClusterError
from tests.cluster.locks import locked
from tests.cluster.progress import to_stderr
from tests.model.build import ensure_server
from tests.model.server import PORT, Server
from tests.model.weights import ensure_weights

INTERRUPTED = 130


def main() -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args()
    try:
        return int(options.run(options) or 0)
    except ClusterError as error:
        to_stderr(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        to_stderr("stopped; the same command goes on from here")
        return INTERRUPTED


def _up(options: argparse.Namespace) -> None:
    server = _server(options)
    with locked(server.folder / "lock", lambda: to_stderr("waiting for another `up` ...")):
        if server.model() is None:
            weights = ensure_weights(server.folder, to_stderr)
            program = ensure_server(server.folder, to_stderr)
            server.start(program, weights, to_stderr)
    _status(options)


def _down(options: argparse.Namespace) -> int:
    server = _server(options)
    if server.stop():
        to_stderr("the model's server has ended")
        return 0
    if server.model() is None:
        to_stderr("the model's server is not up")
        return 0
    to_stderr(f"the server on port {server.port} was not started by this command; it stays up")
    return 1


def _status(options: argparse.Namespace) -> int:
    server = _server(options)
    model = server.model()
    if model is None:
        click.echo("the model's server is not up; start it with `make model-up`")
        return 1
    click.echo(f"export PODIATRIST_MODEL={model} PODIATRIST_MODEL_URL={server.url}")
    return 0


def _url(options: argparse.Namespace) -> None:
    click.echo(_server(options).url)


def _fetch(options: argparse.Namespace) -> None:
    server = _server(options)
    with locked(server.folder / "lock", lambda: to_stderr("waiting for another `up` ...")):
        click.echo(ensure_weights(server.folder, to_stderr))


def _server(options: argparse.Namespace) -> Server:
    folder: Path = options.folder or paths.cache() / "model"
    folder.mkdir(parents=True, exist_ok=True)
    return Server(folder.absolute(), options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.model", description="A small real model: see docs/eval.md."
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"on 127.0.0.1 (default: {PORT})")
    parser.add_argument("--folder", type=Path, help="instead of `model` in the cache")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, about in (
        ("up", _up, "start the server and wait; downloads and builds what is missing"),
        ("down", _down, "end the server"),
        ("status", _status, "whether it is up, and the settings that lead to it"),
        ("url", _url, "print the base URL"),
        ("fetch", _fetch, "only download the weights"),
    ):
        commands.add_parser(name, help=about).set_defaults(run=run)
    return parser
