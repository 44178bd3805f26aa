"""Names and constants of the API group: what kubectl users type and other objects refer to."""

import hashlib

GROUP = "podiatrist.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "Diagnosis"
PLURAL = "diagnoses"

APPROVE = f"{GROUP}/approve"
APPROVED_BY = f"{GROUP}/approved-by"
APPROVED_AT = f"{GROUP}/approved-at"
APPROVED_PREVIEW = f"{GROUP}/approved-preview"
REJECT = f"{GROUP}/reject"
RETRY = f"{GROUP}/retry"
PAUSE = f"{GROUP}/pause"
IGNORE = f"{GROUP}/ignore"

FIX = f"{GROUP}/fix"
"""On an object that a fix changed: `DIAGNOSIS/DIGEST/RUN`, set by the same patch as the fix."""

EXECUTION = f"{GROUP}/execution"
"""Label of a namespace: with any value but `on`, nothing is executed for its Diagnoses."""

NAMESPACE = "podiatrist"
"""Where our own workloads and ServiceAccounts live."""

LABELS = {"app.kubernetes.io/name": "podiatrist"}
"""On everything that is ours."""

SWITCH, SWITCH_KEY = "executor", "execution"
"""ConfigMap in our namespace, and its key: with any value but `on`, nothing is executed at all."""

NAME_LIMIT = 253
"""Longest object name, RFC 1123 subdomain."""

FIELD_MANAGER_LIMIT = 128
"""Longest field manager, in bytes (`FieldManagerMaxLength` of the API server)."""


def diagnosis_name(owner: str, uid: str, episode: int = 1) -> str:
    """Return the name of a workload's Diagnosis: `web-7f3a9c`, `web-7f3a9c-2` for episode 2.

    The hash comes from the UID, so that a workload deleted and made again under the same name
    gets Diagnoses of its own, and two processes that notice the same workload at once choose the
    same name: the API server then lets only one of them create it.
    """
    digest = hashlib.sha256(uid.encode()).hexdigest()[:6]
    suffix = f"-{digest}" if episode == 1 else f"-{digest}-{episode}"
    return owner[: NAME_LIMIT - len(suffix)].rstrip("-.") + suffix


def field_manager(diagnosis: str, digest: str) -> str:
    """Return who a write of a fix is made as: `podiatrist/web-7f3a9c/9f3c2a7b`.

    It stands in managedFields of the object and in the API server's audit log. A name that is too
    long is cut in front: its end tells Diagnoses apart.
    """
    room = FIELD_MANAGER_LIMIT - len(f"{NAMESPACE}//{digest}")
    return f"{NAMESPACE}/{diagnosis[-room:]}/{digest}"


def episode_of(name: str) -> int:
    """Return the episode number in a Diagnosis' name; 1 where it has none."""
    last = name.rsplit("-", 1)[-1]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 6 else 1
