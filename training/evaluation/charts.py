"""Charts for the report, as SVG with the colours and the font of the page."""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from .evaluate import Case
from .summary import LOW_IOU

_INK = "#010203"
_SERIES = tuple(f"#0a0b{number:02x}" for number in range(1, 6))
"""Placeholder colours: `_svg` replaces them by ``currentColor`` and ``var(--series-n)``."""


def histogram(cases: Sequence[Case], *, roots: Sequence[str]) -> str:
    """Return the histogram of the IoU of all images, stacked by folder, as SVG.

    Args:
        cases: At least one.
        roots: Names of the folders; ``Case.source`` is an index into them.
    """
    groups = _by_root(cases, roots)
    least = min(case.overlap.iou for case in cases)
    start = max(0.0, np.floor(min(least, LOW_IOU - 0.05) * 20) / 20)
    edges = np.linspace(start, 1, round((1 - start) / (0.01 if start >= 0.5 else 0.02)) + 1)

    def draw(axes: Any) -> None:
        axes.hist(
            [[case.overlap.iou for case in group] for _, group in groups],
            bins=edges,
            stacked=True,
            color=_SERIES[: len(groups)],
            label=[name for name, _ in groups],
            rwidth=0.86,
        )
        axes.axvline(LOW_IOU, color=_INK, linewidth=0.8, linestyle=(0, (2, 3)))
        axes.set(xlabel="IoU", ylabel="images", xlim=(start, 1))
        axes.yaxis.get_major_locator().set_params(integer=True)
        if len(groups) > 1:
            axes.legend(
                frameon=False,
                labelcolor=_INK,
                loc="lower left",
                bbox_to_anchor=(0, 1),
                borderaxespad=0.2,
                ncols=2,
            )

    return _svg(draw, size=(7.2, 3.2), salt="histogram", label="Histogram of IoU")


def calibration(cases: Sequence[Case], *, roots: Sequence[str]) -> str:
    """Return the plot of predicted against true IoU as SVG; a mask that is not trusted is a ring.

    Args:
        cases: At least one with a predicted IoU.
        roots: Names of the folders; ``Case.source`` is an index into them.
    """
    groups = _by_root(cases, roots)
    known = [case for case in cases if case.quality.predicted_iou is not None]
    least = min(min(case.overlap.iou, case.quality.predicted_iou or 0.0) for case in known)
    start = max(0.0, np.floor(min(least, 0.8) * 10) / 10)

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=(0, (2, 3)))
        for colour, (_, group) in zip(_SERIES, groups, strict=False):
            chosen = [case for case in group if case.quality.predicted_iou is not None]
            axes.scatter(
                [case.quality.predicted_iou for case in chosen],
                [case.overlap.iou for case in chosen],
                s=18,
                linewidths=1.2,
                edgecolors=colour,
                facecolors=[colour if case.quality.trusted else "none" for case in chosen],
            )
        axes.set(
            xlabel="predicted IoU",
            ylabel="true IoU",
            xlim=(start, 1.005),
            ylim=(start, 1.005),
            aspect="equal",
        )

    return _svg(draw, size=(4.6, 4.4), salt="calibration", label="Predicted against true IoU")


def _by_root(cases: Sequence[Case], roots: Sequence[str]) -> list[tuple[str, list[Case]]]:
    """Return names and cases of the folders; the last group holds the fifth folder and those after it."""
    most = len(_SERIES)
    groups: list[tuple[str, list[Case]]] = [
        (name if number < most - 1 or len(roots) == most else "others", [])
        for number, name in enumerate(roots[:most])
    ]
    for case in cases:
        groups[min(case.source, most - 1)][1].append(case)
    return groups


def _svg(draw: Callable[[Any], None], *, size: tuple[float, float], salt: str, label: str) -> str:
    # A fixed salt for the identifiers, and no date, so that the same metrics give the same bytes.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 10}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_facecolor("none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(_INK)
        axes.tick_params(colors=_INK, labelcolor=_INK)
        for words in (axes.xaxis.label, axes.yaxis.label):
            words.set_color(_INK)
        text = io.StringIO()
        figure.savefig(
            text,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    drawing = text.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    for number, colour in enumerate(_SERIES, start=1):
        drawing = drawing.replace(colour, f"var(--series-{number})")
    drawing = drawing.replace(_INK, "currentColor")
    # With two charts on a page, these identifiers would not be unique; nothing refers to them.
    drawing = re.sub(
        r' id="(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|PathCollection|legend)_[0-9]+"',
        "",
        drawing,
    )
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
