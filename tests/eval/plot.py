"""The results as a picture that reads on white and on dark pages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.eval.report import Sum, sums
from tests.eval.runs import Row
from tests.eval.ways import TITLES

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "eval.svg"

_INK = "#7d8590"
"""Grey that has contrast enough on white and on black."""

_COLOURS = {"bare": "#d9822b", "alone": "#4a90d9", "ours": "#2e9e6b"}


def write_picture(rows: Sequence[Row], file: Path = PICTURE) -> None:
    """Draw cause named and tokens for each agent. The same rows make the same bytes."""
    settings: dict[Any, Any] = {
        "svg.hashsalt": "podiatrist", "svg.fonttype": "none", "font.family": "sans-serif",
        "text.color": _INK, "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK,
        "axes.edgecolor": _INK,
    }  # fmt: skip
    with mpl.rc_context(settings):
        figure = Figure(figsize=(8.6, 2.6), layout="constrained")
        named, tokens = figure.subplots(1, 2, sharey=True)
        told = sums(rows)[::-1]
        _named(named, told)
        _tokens(tokens, told)
        figure.savefig(file, transparent=True, metadata={"Date": None})


def _named(axes: Axes, told: Sequence[Sum]) -> None:
    for place, one in enumerate(told):
        share = 100 * one.named / max(1, len(one.rows))
        axes.barh(place, share, height=0.5, color=_COLOURS[one.way])
        axes.text(share + 2, place, f"{share:.0f} %", va="center")
    axes.set(xlim=(0, 125), xticks=[], title="cause named")
    axes.set_yticks(range(len(told)), [TITLES[one.way] for one in told])
    _plain(axes)


def _tokens(axes: Axes, told: Sequence[Sum]) -> None:
    most = max((row.tokens for one in told for row in one.rows), default=1) / 1000
    for place, one in enumerate(told):
        mean = one.mean("tokens") / 1000
        axes.barh(place, mean, height=0.5, color=_COLOURS[one.way])
        counts = [row.tokens / 1000 for row in one.rows]
        axes.plot(counts, [place - 0.37] * len(counts), "|", color=_INK, markersize=5)
        axes.text(mean + most / 40, place, f"{mean:.1f}k", va="center")
    axes.set(xlim=(0, most * 1.18), xticks=[], title="tokens a run (mean; a stroke is a run)")
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.title.set_color(_INK)
    axes.title.set_fontsize("medium")
    axes.tick_params(length=0)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
