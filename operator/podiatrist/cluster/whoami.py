"""As whom the API server sees us."""

from podiatrist.cluster.client import Client
from podiatrist.cluster.errors import NotFoundError, RefusedError
from podiatrist.cluster.kinds import Kind

_REVIEW = Kind(
    "authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False
)
"""https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review"""


async def whoami(client: Client) -> str | None:
    """Return our user name, None where the API server does not tell (Kubernetes before 1.28).

    Raises UnreachableError.
    """
    body = {"apiVersion": _REVIEW.api_version, "kind": _REVIEW.kind}
    try:
        review = await client.create(_REVIEW, None, body)
    except (NotFoundError, RefusedError):
        return None
    user = (review.get("status") or {}).get("userInfo") or {}
    name = user.get("username")
    return name if isinstance(name, str) and name else None
