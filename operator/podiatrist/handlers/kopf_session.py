"""Lets Kopf's requests be counted: it is given sessions of ours in place of those it would make."""

from typing import Any

import aiohttp
import kopf

from podiatrist.cluster.traffic import Traffic


class CountedSession(kopf.AiohttpSession):
    """Credentials from which Kopf takes a session, a new one each time.

    Kopf closes its session when it ends or logs in anew, and what still runs then asks once more.
    With one closed session for good it would wait for ever; two of these are equal when their
    credentials are, as Kopf's own are, so that it sees when a login brought nothing new.
    """

    def __init__(self, info: kopf.ConnectionInfo, traffic: Traffic) -> None:
        for name in ("server", "default_namespace", "priority", "expiration"):
            object.__setattr__(self, name, getattr(info, name))  # a frozen dataclass
        object.__setattr__(self, "_info", info)
        object.__setattr__(self, "_traffic", traffic)

    @property
    def aiohttp_session(self) -> aiohttp.ClientSession:
        """A new session."""
        info: kopf.ConnectionInfo = self.__dict__["_info"]
        traffic: Traffic = self.__dict__["_traffic"]
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            trace_configs=[traffic.trace()],
        )

    def __eq__(self, other: Any) -> bool:
        return (
            isinstance(other, CountedSession) and self.__dict__["_info"] == other.__dict__["_info"]
        )

    def __hash__(self) -> int:
        return hash((CountedSession, self.server))

    def __repr__(self) -> str:
        return f"CountedSession({self.server})"  # never the credentials
