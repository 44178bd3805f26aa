"""Image references: `[host[:port]/]repository[:tag][@digest]` (distribution/reference)."""

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)/)?"
    rf"(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?"
)


@dataclass(frozen=True)
class ImageReference:
    """An image as somebody wrote it; `host` is empty where none was written."""

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def registry(self) -> str:
        """The registry that is asked; Docker Hub where no host was written."""
        return self.host or DOCKER_HUB

    @property
    def repository(self) -> str:
        """The path at the registry; Docker Hub keeps its own images under `library/`."""
        hub = self.registry == DOCKER_HUB and "/" not in self.path
        return f"library/{self.path}" if hub else self.path

    @property
    def name(self) -> str:
        """The reference without tag and digest, as people write it."""
        path = self.path
        if self.registry == DOCKER_HUB:
            return path.removeprefix("library/")
        return f"{self.host}/{path}"

    def __str__(self) -> str:
        """Return the reference as people write it."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse_image(text: str) -> ImageReference | None:
    """Return the parts of a reference, None for one that no registry would take."""
    match = _REFERENCE.fullmatch(text) if len(text) <= 512 else None
    if match is None:
        return None
    host, path = match["host"] or "", match["path"]
    # The first part is a host only if it looks like one (distribution/reference).
    if host and not ("." in host or ":" in host or host == "localhost"):
        if host != host.lower():
            return None
        host, path = "", f"{host}/{path}"
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = DOCKER_HUB
    return ImageReference(host, path, match["tag"] or "", match["digest"] or "")


def mend(text: str) -> str | None:
    """Return a valid reference close to an invalid one: letter case, blanks, scheme, lone colon.

    A blank inside a name stands for nothing next to a separator, and else for the colon.
    """
    if len(text) > 512:
        return None
    tight = re.sub(r" ?([:/@]) ?", r"\1", " ".join(text.split()))
    mended = re.sub(r"^https?://", "", tight).rstrip(":/@").lstrip("/")
    head, slash, last = mended.rpartition("/")
    if ":" not in last:
        last = last.replace(" ", ":")
    name, colon, tag = last.partition(":")
    mended = f"{head}{slash}".lower() + name.lower() + colon + tag
    return mended if mended != text and parse_image(mended) else None
