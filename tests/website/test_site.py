"""Somebody opens the user docs: every page is there, found, and can be read, and nothing is
fetched from elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest

from tests.website.browser import Page

PHONE = 390
"""Width of a small phone, in CSS pixels."""

NAVIGATION = "[...document.querySelectorAll('.sidebar-tree a.internal')].map(a => a.href)"
LINKS = "[...document.querySelectorAll('a[href]')].map(a => a.href)"
PLACES = "[...document.querySelectorAll('[id]')].map(e => e.id)"
TOO_WIDE = Path(__file__).with_name("too_wide.js").read_text("utf-8")

CONTRASTS = Path(__file__).with_name("contrast.js").read_text("utf-8")
LEAST_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA."""


@dataclass(frozen=True)
class Visit:
    """What was seen on one page."""

    title: str
    links: list[str]
    places: set[str]
    complaints: list[str]
    asked_elsewhere: list[str]
    too_wide: list[str]
    """What is too wide for a phone."""


@pytest.fixture(scope="module")
def visits(browser: Page, url: str) -> dict[str, Visit]:
    """Every page that the navigation leads to, the first one included."""
    first = f"{url}/index.html"
    browser.resize(1280)
    browser.open(first)
    found = [urldefrag(link).url for link in browser.run(NAVIGATION)]
    return {address: visit(browser, url, address) for address in dict.fromkeys([first, *found])}


def visit(page: Page, url: str, address: str) -> Visit:
    """Open a page, and look at it as a phone shows it too."""
    page.requests.clear()
    page.complaints.clear()
    page.resize(1280)
    page.open(address)
    links = [urljoin(address, link) for link in page.run(LINKS)]
    places = set(page.run(PLACES))
    title = page.run("document.querySelector('article h1')?.innerText ?? ''")
    page.resize(PHONE)
    too_wide = page.run(TOO_WIDE)
    elsewhere = [request for request in page.requests if not request.startswith(f"{url}/")]
    return Visit(title, links, places, list(page.complaints), elsewhere, too_wide)


def test_every_page_of_the_navigation_opens_without_a_complaint(visits: dict[str, Visit]) -> None:
    assert len(visits) > 30
    assert [address for address, seen in visits.items() if not seen.title] == []
    assert {a: seen.complaints for a, seen in visits.items() if seen.complaints} == {}


def test_no_page_asks_another_host_for_anything(visits: dict[str, Visit]) -> None:
    assert {a: seen.asked_elsewhere for a, seen in visits.items() if seen.asked_elsewhere} == {}


def test_every_link_leads_to_a_place_that_is_there(
    visits: dict[str, Visit], url: str, site: Path
) -> None:
    def leads_nowhere(link: str) -> bool:
        address, place = urldefrag(link)
        if not (site / address.removeprefix(f"{url}/")).is_file():
            return True
        return bool(place) and address in visits and place not in visits[address].places

    links = {link for seen in visits.values() for link in seen.links}
    ours = sorted(link for link in links if link.startswith(f"{url}/"))
    assert len(ours) > 200
    assert [link for link in ours if leads_nowhere(link)] == []


def test_every_page_is_in_the_navigation(visits: dict[str, Visit], url: str, site: Path) -> None:
    made = {f"{url}/{file.relative_to(site)}" for file in site.rglob("*.html")}
    assert made - set(visits) == {f"{url}/genindex.html", f"{url}/search.html"}


def test_nothing_is_too_wide_for_a_phone(visits: dict[str, Visit]) -> None:
    assert {a: seen.too_wide for a, seen in visits.items() if seen.too_wide} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "quickstart", "configuration", "rules", "crd"])
def test_text_stands_out_from_what_is_behind_it(
    page: Page, url: str, scheme: str, name: str
) -> None:
    page.prefer(scheme)
    page.open(f"{url}/{name}.html")

    dark = page.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")
    faint = [text for text in page.run(CONTRASTS) if text["contrast"] < LEAST_CONTRAST]
    assert faint == []


def search(page: Page, start: str, words: str) -> list[str]:
    """Type words into the search field of a page, as a reader does; return what is found."""
    page.open(start)
    page.run(
        f"""(() => {{
            const field = document.querySelector('.sidebar-search');
            field.value = '{words}';
            field.form.submit();
        }})()"""
    )
    page.wait_for("location.pathname.endsWith('/search.html') && document.readyState == 'complete'")
    found = "[...document.querySelectorAll('#search-results li a')].map(a => a.innerText)"
    said = "document.querySelector('#search-results p')?.innerText.startsWith('Search finished')"
    page.wait_for(said)
    titles = page.run(found)
    assert isinstance(titles, list)
    return titles


def test_the_search_finds_a_reason_by_its_name(page: Page, url: str) -> None:
    assert "The rules" in search(page, f"{url}/index.html", "CrashLoopBackOff")
    assert page.wait_for("document.querySelector('#search-results .context')?.innerText")
    assert not page.complaints


def test_the_search_works_in_a_folder_too(page: Page, site: Path) -> None:
    assert "The rules" in search(page, (site / "index.html").as_uri(), "CrashLoopBackOff")
    assert not page.complaints
    assert all(request.startswith("file://") for request in page.requests)


def test_the_search_finds_a_setting(page: Page, url: str) -> None:
    assert "Configuration" in search(page, f"{url}/index.html", "PODIATRIST_SOAK")
