"""Pulls that fail on purpose, chosen by the first part of the repository's name."""

import json
from dataclasses import dataclass

# Docker Hub's own words. It answers HEAD and refuses the GET that counts against the limit.
RATE_LIMIT = (
    "You have reached your unauthenticated pull rate limit."
    " https://www.docker.com/increase-rate-limit"
)


@dataclass(frozen=True)
class Answer:
    """An error answer: status, JSON body, and the challenge of a 401."""

    status: int
    code: str
    message: str
    challenge: str = ""

    def body(self) -> bytes:
        """The body as the registry API words errors."""
        return json.dumps({"errors": [{"code": self.code, "message": self.message}]}).encode()


class HangError(Exception):
    """The connection is to be held and never answered."""


def of_request(repository: str, method: str, authorized: bool, realm: str) -> Answer | None:
    """What a request for this repository fails with; None when it is to be served.

    Raises HangError for `fault-hang/`. `realm` is the address of the token service.
    """
    scope = f'service="registry.docker.io",scope="repository:{repository}:pull"'
    match repository.partition("/")[0]:
        case "private":
            # Docker Hub's way with what does not exist or is not yours: a token for everybody,
            # and then a refusal of what the token allows.
            refused = ',error="insufficient_scope"' if authorized else ""
            challenge = f'Bearer realm="{realm}",{scope}{refused}'
            return Answer(401, "UNAUTHORIZED", "authentication required", challenge)
        case "fault-401":
            # As ghcr.io: the token service itself refuses.
            challenge = f'Bearer realm="{realm}/refuse",{scope}'
            return Answer(401, "UNAUTHORIZED", "authentication required", challenge)
        case "fault-403":
            return Answer(403, "DENIED", "requested access to the resource is denied")
        case "fault-429" if method == "GET":
            return Answer(429, "TOOMANYREQUESTS", RATE_LIMIT)
        case "fault-500":
            return Answer(500, "UNKNOWN", "internal server error")
        case "fault-hang":
            raise HangError
    return None
