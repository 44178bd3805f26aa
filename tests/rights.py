"""The list of rights, docs/rights.md: what `deploy/` grants to our accounts, line by line, and why.

`make rights` writes the page anew from `deploy/` and keeps the reasons; a right that has none yet
gets `WHY`, which the tests refuse.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from podiatrist.doctor.rights import ACCOUNTS, EVERYWHERE, Right, Rights, shipped_rights
from podiatrist.doctor.shipped import Manifest, shipped

PAGE = Path(__file__).parents[1] / "docs" / "rights.md"
WHY = "WHY?"
_ALL, _EVERYBODY = "All three", "Every account of a cluster"
_READS = ("get", "list", "watch")
_ROW = re.compile(r"\| `([^`]*)` \| `([^`]*)` \| ([^|]*) \| (.*) \|")

EVERYBODY: Rights = frozenset(
    {
        *(Right(EVERYWHERE, verb, "clustertrustbundles.certificates.k8s.io") for verb in _READS),
        *(
            Right(EVERYWHERE, "create", resource)
            for resource in (
                "selfsubjectaccessreviews.authorization.k8s.io",
                "selfsubjectreviews.authentication.k8s.io",
                "selfsubjectrulesreviews.authorization.k8s.io",
            )
        ),
    }
)
"""What Kubernetes 1.37 itself grants to every ServiceAccount; resources, no URLs."""

_HEAD = """# Rights

What the ServiceAccounts of Podiatrist may do: every right, and what it is for. None of them may
read a Secret, and none may approve.

`make rights` writes the rows from `deploy/`, people write the reasons. Two tests hold this page,
one to `deploy/`, one to what a real API server says (`kubectl auth can-i --list
--as=system:serviceaccount:podiatrist:operator`): a right that is new or lost fails both.
`podiatrist doctor` holds your cluster to the same. URLs that are no resources (versions, health,
discovery) every account may read; they are left out.
"""


class Line(NamedTuple):
    """One row: verbs on one resource. Reads are one row, each other verb has its own."""

    section: str
    verbs: str
    resource: str
    where: str


def lines(manifests: Iterable[Manifest]) -> dict[Line, Rights]:
    """Return the rows that the page has to have, and the rights that each stands for."""
    objects = tuple(manifests)
    rights = {account: shipped_rights(objects, account) for account in ACCOUNTS}
    shared = frozenset.intersection(*rights.values())
    sections = {_ALL: shared, **{account: own - shared for account, own in rights.items()}}
    sections[_EVERYBODY] = EVERYBODY
    return {
        line: frozenset(r for r in found if _line(section, r, found) == line)
        for section, found in sections.items()
        for line in sorted({_line(section, r, found) for r in found}, key=_order)
    }


def _line(section: str, right: Right, among: Rights) -> Line:
    alike = [v for v in _READS if right._replace(verb=v) in among]
    verbs = ", ".join(alike) if right.verb in _READS else right.verb
    where = f"namespace {right.namespace}" if right.namespace else "everywhere"
    what = f"{right.resource} {right.name}".strip()
    return Line(section, verbs, what, where)


def _order(line: Line) -> tuple[bool, str, str, str]:
    """Writes first: they are what a reader looks for."""
    return line.verbs.startswith(_READS), line.where, line.resource, line.verbs


def reasons(page: str) -> dict[Line, str]:
    """Return the rows of a page and the reason that each gives."""
    found: dict[Line, str] = {}
    section = ""
    for text in page.splitlines():
        if text.startswith("## "):
            section = text.removeprefix("## ").strip("`")
        elif row := _ROW.fullmatch(text):
            verbs, resource, where, why = row.groups()
            found[Line(section, verbs, resource, where)] = why
    return found


def render(wanted: Iterable[Line], why: dict[Line, str]) -> str:
    """Return the page."""
    parts = [_HEAD]
    section = ""
    for line in wanted:
        if line.section != section:
            section = line.section
            title = f"`{section}`" if section in ACCOUNTS else section
            parts.append(f"\n## {title}\n\n| may | what | where | why |\n|---|---|---|---|\n")
        reason = why.get(line, WHY)
        parts.append(f"| `{line.verbs}` | `{line.resource}` | {line.where} | {reason} |\n")
    return "".join(parts)


def listed(page: str, account: str) -> Rights:
    """Return the rights that a page lists for one of our accounts, with those of everybody."""
    return frozenset(
        Right(_namespace(line.where), verb, *line.resource.split(" ", 1))
        for line in reasons(page)
        if line.section in (account, _ALL, _EVERYBODY)
        for verb in line.verbs.split(", ")
    )


def _namespace(where: str) -> str:
    return where.removeprefix("namespace ") if where != "everywhere" else EVERYWHERE


def main() -> None:
    """Write the page anew."""
    known = reasons(PAGE.read_text()) if PAGE.exists() else {}
    PAGE.write_text(render(lines(shipped()), known))


if __name__ == "__main__":
    main()
