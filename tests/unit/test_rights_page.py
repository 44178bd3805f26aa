"""docs/rights.md lists what `deploy/` grants, and every right has its reason."""

from podiatrist.doctor.rights import ACCOUNTS, shipped_rights
from podiatrist.doctor.shipped import shipped
from tests.rights import EVERYBODY, PAGE, WHY, lines, listed, reasons, render


def test_the_page_lists_every_right_that_deploy_grants_and_no_other() -> None:
    """`make rights` writes the rows; what is to be written by hand are the reasons."""
    page = PAGE.read_text()
    for account in ACCOUNTS:
        assert listed(page, account) == shipped_rights(shipped(), account) | EVERYBODY
    assert page == render(lines(shipped()), reasons(page))


def test_every_right_has_a_reason() -> None:
    assert not [line for line, why in reasons(PAGE.read_text()).items() if WHY in why or not why]


def test_a_new_right_has_none_yet() -> None:
    page = PAGE.read_text()
    known = reasons(page)
    lost = next(line for line in known if line.section == "executor")
    without = {line: why for line, why in known.items() if line != lost}
    written = reasons(render(lines(shipped()), without))
    assert [line for line, why in written.items() if why == WHY] == [lost]
