"""The site that `make docs` made, served on this machine, and one browser for all tests."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.website.browser import Page, new_page

SITE = Path(__file__).parents[2] / "build" / "site"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name upstream)
        pass


@pytest.fixture(scope="session")
def site() -> Path:
    assert (SITE / "index.html").exists(), "there is no site; make it with: make docs"
    return SITE


@pytest.fixture(scope="session")
def url(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    with new_page() as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    browser.resize(1280)
    browser.prefer("light")
    browser.requests.clear()
    browser.complaints.clear()
    return browser
