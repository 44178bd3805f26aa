"""What can go wrong with a request to the API server, as types that callers tell apart."""


class ClusterError(Exception):
    """A request failed. `str()` is the API server's message, safe to show and to store."""


class NotFoundError(ClusterError):
    """The object does not exist (404)."""


class ConflictError(ClusterError):
    """Somebody else changed the object, or it exists already (409)."""


class RefusedError(ClusterError):
    """The API server understood the request and will not do it (400, 403, 422)."""


class BeyondConfinesError(RefusedError):
    """Nobody was asked: an installation that is confined to namespaces does not look there."""


class UnreachableError(ClusterError):
    """No answer, or one that says to come back later (connection, 401, 429, 5xx)."""


class ExpiredError(UnreachableError):
    """The API server forgot the version or page that was asked for (410): list anew."""
