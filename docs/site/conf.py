"""How the pages of docs/ become a site: the configuration of Sphinx, for `make docs`.

The pages are plain Markdown that reads well without it. The site loads nothing from elsewhere: no
fonts, no scripts, no counting of visitors; search works from a folder too.
"""

import re

from sphinx.application import Sphinx

project = "Podiatrist"
copyright = "the Podiatrist authors; Apache-2.0"  # noqa: A001 (Sphinx' name for it)

extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["site/**"]
nitpicky = True

# Headings as GitHub names them, so that a link works in both places.
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "Podiatrist"
html_static_path = ["static"]
html_css_files = ["podiatrist.css"]
html_js_files = ["podiatrist.js"]
html_favicon = "static/podiatrist.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_logo": "podiatrist.svg",
    "dark_logo": "podiatrist.svg",
    "light_css_variables": {
        "color-brand-primary": "#0b6b58",
        "color-brand-content": "#0b6b58",
        "color-brand-visited": "#0b6b58",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5fd3b8",
        "color-brand-content": "#5fd3b8",
        "color-brand-visited": "#5fd3b8",
    },
}

_OUTSIDE = {r"\]\((?:\.\./)+CONTRIBUTING\.md": "](contributing.md"}
"""Files of the repository that are a page here, by the links that lead to them."""


def _lead_to_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to such a file into links to its page."""
    up = "../" * page.count("/")
    for link, target in _OUTSIDE.items():
        source[0] = re.sub(link, target.replace("](", f"]({up}"), source[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _lead_to_pages)
