"""Tells apart why an image could not be pulled, from the words of kubelet and containerd.

The words come from Go programs whose texts are stable in practice but promised nowhere; each
pattern below was seen in a real kubelet's message, and an unknown text is said to be unknown.
"""

import re
from enum import Enum
from typing import NamedTuple


class Problem(NamedTuple):
    """One way in which a pull fails: its reason, and the sentence that explains it."""

    reason: str
    explanation: str


class ImageProblem(Problem, Enum):
    """Why an image could not be pulled."""

    NOT_FOUND = Problem("ImageNotFound", "the registry has no such image or tag")
    DENIED_OR_MISSING = Problem(
        "ImageNotFoundOrDenied",
        "the registry says that the image does not exist or needs credentials; it does not tell "
        "which of the two",
    )
    NO_PERMISSION = Problem(
        "ImagePullDenied", "the registry refused the credentials, or there were none"
    )
    INVALID_NAME = Problem("ImageNameInvalid", "the name is not a valid image reference")
    UNKNOWN_HOST = Problem("RegistryHostUnknown", "the registry's host name does not resolve")
    TLS = Problem("RegistryTLSError", "the registry's certificate is not trusted by the node")
    TIMEOUT = Problem("RegistryTimeout", "the registry did not answer in time")
    UNREACHABLE = Problem("RegistryUnreachable", "no connection to the registry")
    RATE_LIMIT = Problem("RegistryRateLimited", "the registry limits how often images are pulled")
    SERVER_ERROR = Problem("RegistryError", "the registry had an error of its own")
    WRONG_PLATFORM = Problem(
        "ImageWrongPlatform", "the image exists, but not for this node's processor"
    )
    NO_SPACE = Problem("NodeDiskFull", "the node has no room left for the image")
    NEVER_PULLED = Problem(
        "ImageNotPresent", "imagePullPolicy is Never and the node does not have the image"
    )
    UNKNOWN = Problem("ImagePullFailed", "the pull failed")


_PATTERNS: tuple[tuple[ImageProblem, str], ...] = (
    # Order matters: Docker Hub's rate limit speaks of access as well, its refusal of an unknown
    # name says "denied", and a wrapped error names the outermost cause first.
    (ImageProblem.RATE_LIMIT, r"toomanyrequests|too many requests|rate limit|\b429\b"),
    (ImageProblem.DENIED_OR_MISSING, r"repository does not exist or may require"),
    (ImageProblem.UNKNOWN_HOST, r"no such host|server misbehaving|temporary failure in name"),
    (ImageProblem.TLS, r"x509:|tls: |certificate|http: server gave http response to https"),
    (
        ImageProblem.TIMEOUT,
        r"i/o timeout|deadline exceeded|timeout exceeded|awaiting headers|timed? ?out",
    ),
    (
        ImageProblem.UNREACHABLE,
        r"connection refused|connection reset|network is unreachable|no route to host|\bEOF$",
    ),
    (ImageProblem.WRONG_PLATFORM, r"no match for platform|no matching manifest for|exec format"),
    (ImageProblem.NO_SPACE, r"no space left on device"),
    (
        ImageProblem.NO_PERMISSION,
        r"unauthorized|forbidden|denied|authentication required|insufficient_scope|\b40[13]\b",
    ),
    (ImageProblem.SERVER_ERROR, r"\b50[0234]\b|internal server error|bad gateway|unavailable"),
    (ImageProblem.NOT_FOUND, r"not found|manifest unknown|name unknown|\b404\b"),
    (ImageProblem.INVALID_NAME, r"invalid reference format|couldn't parse image"),
)
_COMPILED = [(problem, re.compile(pattern, re.IGNORECASE)) for problem, pattern in _PATTERNS]

_WORD = re.compile(r'[^\s"]+')
_TAG = re.compile(r"\[(?:manifests|blobs) [^\]\s]*\]")

_TOLD = 4096
"""Characters looked at from either end of a message: causes stand at its start or its end."""

_BY_REASON = {
    "InvalidImageName": ImageProblem.INVALID_NAME,
    "ErrImageNeverPull": ImageProblem.NEVER_PULLED,
}


def classify(reason: str, message: str, image: str) -> ImageProblem:
    """Return why a pull failed, from a container's waiting reason and the kubelet's message.

    The image's own name is taken out first: it may be called `timeout-not-found`.
    """
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    text = without_image(message, image)
    return next((p for p, pattern in _COMPILED if pattern.search(text)), ImageProblem.UNKNOWN)


def without_image(message: str, image: str) -> str:
    """Return a message without the words that are the image's name, its URL, host or tag.

    Word by word, and of a long message only both ends: registries write into these messages, and
    a megabyte of theirs must cost no more than a line.
    """
    if len(message) > 2 * _TOLD:
        message = f"{message[:_TOLD]} {message[-_TOLD:]}"
    message = _TAG.sub(" ", message.replace(f'"{image}"', '""'))
    names = _names_of(image[:_TOLD])
    return _WORD.sub(lambda word: " " if names.search(word[0]) else word[0], message)


def _names_of(image: str) -> re.Pattern[str]:
    """Return what a word that names the image looks like.

    A name alone, such as `x509`, is an ordinary word: it counts only behind a slash or with its
    tag. A host alone is the name of the machine that was asked.
    """
    head, slash, last = image.split("@", maxsplit=1)[0].rpartition("/")
    path = (head + slash + last.split(":")[0]).rpartition("://")[2]
    ways = [r"://"]
    if path:
        alone = r"(?=[:@/]|$)" if "/" in path else "[:@]."
        ways += [rf"/{re.escape(path)}(?=[:@/]|$)", rf"^{re.escape(path)}{alone}"]
    host = path.partition("/")[0]
    if "/" in path and ("." in host or ":" in host):
        ways.append(rf"^\W*{re.escape(host)}(?=\W|$)")
    return re.compile("|".join(ways))
