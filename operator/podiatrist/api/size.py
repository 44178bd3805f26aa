"""Keeps a status under 64 KiB, whatever was found: the least telling parts go first.

Patches are never shortened, they are what was approved; the compiler bounds them.
"""

from collections.abc import Callable

from podiatrist.api.diagnosis import Option, Status

LIMIT = 64 * 1024
"""Bytes of a status as JSON."""


def _trim(findings: int, evidence: int, diff: int) -> Callable[[Status], None]:
    def trim(status: Status) -> None:
        status.findings = status.findings[:findings]
        for finding in status.findings:
            finding.evidence = finding.evidence[:evidence]
        for option in status.options:
            if _is_tried(option):
                continue
            option.diff = option.diff[:diff]
            if not diff and option.repository is not None:
                option.repository.patch = ""

    return trim


def _is_tried(option: Option) -> bool:
    """Whether an option is the executor's word already, which admission lets nobody shorten."""
    return option.preview is not None and option.preview.ok


_STEPS = (_trim(16, 2, 60), _trim(8, 2, 60), _trim(8, 1, 20), _trim(4, 1, 10), _trim(2, 1, 0))


def size_of(status: Status) -> int:
    """Return the size of a status as it is stored, in bytes."""
    return len(status.model_dump_json(by_alias=True, exclude_none=True).encode())


def shrink(status: Status) -> None:
    """Drop evidence, findings, diff lines, and at last options in place until the status fits.

    An option that is being carried out stays: its Diagnosis holds nothing that could have grown.
    """
    for step in _STEPS:
        if size_of(status) <= LIMIT:
            return
        step(status)
    while size_of(status) > LIMIT and status.options and status.execution is None:
        status.options = status.options[:-1]
