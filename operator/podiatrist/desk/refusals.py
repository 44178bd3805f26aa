"""What the API server says against a request, as a sentence for who made it.

Sources of the texts: `ForbiddenMessage` in k8s.io/apiserver (RBAC), and the validating admission
policies' `denied request` in k8s.io/apiserver/pkg/admission/plugin/policy/validating.
"""

import re

from podiatrist.api import names

_POLICY = re.compile(
    r"(?:.* is forbidden: )?ValidatingAdmissionPolicy '(?P<policy>[^']*)' with binding '[^']*' "
    r"denied request: (?P<why>.*)",
    re.DOTALL,
)
_RIGHT = re.compile(
    r'\S+?(?: "(?P<name>[^"]*)")? is forbidden: User "(?P<user>[^"]*)" cannot (?P<verb>\S+) '
    r'resource "(?P<resource>[^"]*)" in API group "[^"]*"'
    r'(?: in the namespace "(?P<namespace>[^"]*)"| at the cluster scope)(?P<rest>.*)',
    re.DOTALL,
)
_APPROVER = (
    "; to approve takes ClusterRole podiatrist-approver there, which whoever administers the "
    "cluster can bind to you"
)


def sentence(message: str) -> str:
    """Return a refusal without the API server's wrapping; any other message as it is."""
    denied = _POLICY.fullmatch(message)
    if denied is not None:
        return denied["why"]
    forbidden = _RIGHT.fullmatch(message)
    if forbidden is not None:
        place = forbidden["namespace"]
        where = f"in namespace {place}" if place else "in all namespaces"
        name = f" {forbidden['name']}" if forbidden["name"] else ""
        writes = forbidden["verb"] in ("patch", "update")
        hint = _APPROVER if writes and forbidden["resource"] == names.PLURAL else ""
        return (
            f"{forbidden['user']} may not {forbidden['verb']} {forbidden['resource']}{name} "
            f"{where}{hint}{forbidden['rest']}"
        )
    if message == "Unauthorized":
        return "the API server does not know you (Unauthorized): your credentials may have expired"
    return message
