"""Writes the generated pages into docs/: `make pages`."""

from docs.site.generated import PAGES


def main() -> None:
    """Write every generated page."""
    for path, render in PAGES.items():
        path.write_text(render(), "utf-8")


main()
