"""What the API server says against a request, as a sentence for who made it.

Sources of the texts: `ForbiddenMessage` in k8s.io/apiserver (RBAC), and the validating admission
policies' `denied request` in k8s.io/apiserver/pkg/admission/plugin/policy/validating.
"""

import re

from podiatrist.api import names

_POLICY = re.compile(
    r"(?:\S+ \"[^\"]*\" is forbidden: )?ValidatingAdmissionPolicy '[^']*' with binding '[^']*' "
    r"denied request: "
)
_RIGHT = re.compile(
    r'\S+?(?: "(?P<name>[^"]*)")? is forbidden: User "(?P<user>[^"]*)" cannot (?P<verb>\S+) '
    r'resource "(?P<resource>[^"]*)" in API group "[^"]*"'
    r'(?: in the namespace "(?P<namespace>[^"]*)"| at the cluster scope)'
)
_APPROVER = (
    "; to approve takes ClusterRole podiatrist-approver there, which whoever administers the "
    "cluster can bind to you"
)


def sentence(message: str) -> str:
    """Return a message with the API server's refusals in it unwrapped."""
    if message == "Unauthorized":
        return "the API server does not know you (Unauthorized): your credentials may have expired"
    return _RIGHT.sub(_missing, _POLICY.sub("", message))


def _missing(forbidden: re.Match[str]) -> str:
    """Return which right is missing, and for an approval where it comes from."""
    place = forbidden["namespace"]
    where = f"in namespace {place}" if place else "in all namespaces"
    name = f" {forbidden['name']}" if forbidden["name"] else ""
    writes = forbidden["verb"] in ("patch", "update")
    hint = _APPROVER if writes and forbidden["resource"] == names.PLURAL else ""
    what = f"{forbidden['verb']} {forbidden['resource']}{name} {where}"
    return f"{forbidden['user']} may not {what}{hint}"
