"""What the API server answers, as objects and as errors of ours."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from kubernetes.aio.client.rest import ApiException

from podiatrist.cluster.errors import (
    ClusterError,
    ConflictError,
    ExpiredError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from podiatrist.cluster.kinds import Object


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn the errors of the library and of the connection into ClusterErrors."""
    try:
        yield
    except ApiException as error:
        raise _translate(error) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnreachableError(f"the API server did not answer: {error!r}") from None


def warning(header: str) -> str:
    """Return the text of a Warning header: `299 - "text"`, with escaped quotes (RFC 7234, 5.5)."""
    quoted = header.partition('"')[2].rpartition('"')[0]
    return re.sub(r"\\(.)", r"\1", quoted or header)


def as_object(body: bytes) -> Object:
    """Return the object of an answer. Raises UnreachableError for what is no JSON."""
    try:
        return json.loads(body)  # type: ignore[no-any-return]
    except json.JSONDecodeError:
        raise UnreachableError("the API server answered with something else than JSON") from None


def page_of_dicts(body: bytes) -> tuple[list[Object], str]:
    """Return the items of a page as they are, and the token of the next one."""
    page = as_object(body)
    return page.get("items") or [], (page.get("metadata") or {}).get("continue") or ""


def _translate(error: ApiException) -> ClusterError:
    """Map an HTTP status to our error type, keeping the API server's own words.

    The library's own text would carry response headers and the whole body.
    """
    try:
        message = str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        message = f"HTTP {error.status} {error.reason}"
    match error.status:
        case 404:
            return NotFoundError(message)
        case 409:
            return ConflictError(message)
        case 410:
            return ExpiredError(message)
        case 400 | 403 | 405 | 415 | 422:
            return RefusedError(message)
        case _:
            return UnreachableError(message)
