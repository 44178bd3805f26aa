"""One Podiatrist at a time on a cluster: two pairs of processes would act on each other's tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster import paths
from tests.cluster.locks import locked
from tests.cluster.progress import Say, to_stderr


@contextmanager
def only_one(say: Say = to_stderr) -> Iterator[None]:
    """Wait, and say so, while other tests, `make dev` or `make demo` of this checkout run.

    Taken before the cluster is started: whoever had it may have taken the cluster down.
    """
    file = paths.cache() / "clusters" / f"{paths.name()}.podiatrist.lock"
    with locked(file, lambda: say("waiting for the tests, demo or `make dev` that run already")):
        yield
