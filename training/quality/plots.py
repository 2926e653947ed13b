"""The plots of `pleura calibrate`: predicted against true IoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from .cases import MIRRORED, UNTOUCHED
from .figures import Assessed, pairs

BINS = 10
"""Number of bins of the predicted IoU, of the same width."""

DARK_ORANGE = "#b45309"
"""Colour of the numbers of the orange series: on white, the orange of its line is too light for text."""

COLOURS = 64
"""Number of colours of the small multiples' PNG file."""

COLUMNS = 2
"""Panels side by side, for a picture of 900 pixels."""


def plot_all(labelled: Sequence[Assessed], path: Path) -> None:
    """Write the plot of predicted against true IoU."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    for clean, colour, label in ((False, "tab:blue", "degraded"), (True, "tab:orange", "not degraded")):
        chosen = [one for one in labelled if (one.example.variant in (UNTOUCHED, MIRRORED)) == clean]
        axes.scatter(
            *pairs(chosen),
            s=6,
            alpha=0.5,
            color=colour,
            label=label,
        )
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    axes.set(xlabel="predicted IoU", ylabel="true IoU", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left")
    figure.savefig(path, dpi=150)


def plot_left_out(left_out: Mapping[str, Sequence[Assessed]], path: Path) -> None:
    """Write the reliability plot of each hospital: the mean true IoU in bins of the predicted IoU.

    Films as they are and degraded ones are separate; mirrored ones are left out, so that each film as it is
    counts once. The numbers below a panel are those of the images in each bin.

    Args:
        left_out: At least one hospital, its images assessed by a fit without them.
        path: The PNG file.
    """
    rows = -(-len(left_out) // COLUMNS)
    figure = Figure(figsize=(6, 2.6 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).flat
    for axes, (name, assessed) in zip(panels, left_out.items(), strict=False):
        _draw_hospital(axes, name, assessed)
    for axes in panels[len(left_out) :]:
        axes.set_visible(False)
    figure.supxlabel("predicted IoU (numbers: images in each bin)", fontsize=10)
    figure.supylabel("true IoU", fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    drawn = BytesIO()
    figure.savefig(drawn, dpi=150)
    # A third of the size: the picture is in the documents.
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(path, optimize=True)


def bin_means(
    predicted: NDArray[np.float64], true: NDArray[np.float64]
) -> list[tuple[int, int, float, float]]:
    """Return bin, number of images, mean predicted and mean true IoU of each bin that is not empty.

    Args:
        predicted: ``(N,)``, 0 to 1.
        true: ``(N,)``, 0 to 1.
    """
    bins = np.minimum((predicted * BINS).astype(int), BINS - 1)
    return [
        (int(one), int((bins == one).sum()), predicted[bins == one].mean(), true[bins == one].mean())
        for one in np.unique(bins)
    ]


def _draw_hospital(axes: Any, name: str, assessed: Sequence[Assessed]) -> None:
    untouched = [one for one in assessed if one.example.variant == UNTOUCHED]
    degraded = [one for one in assessed if one.example.variant not in (UNTOUCHED, MIRRORED)]
    axes.scatter(*pairs(untouched), s=6, color="tab:orange", alpha=0.5, label="one film as it is")
    series = (
        (degraded, "tab:blue", "tab:blue", "s", -0.08, "degraded, mean of a bin"),
        (untouched, "tab:orange", DARK_ORANGE, "o", -0.18, "films as they are, mean of a bin"),
    )
    for chosen, colour, ink, marker, height, label in series:
        means = bin_means(*pairs(chosen))
        axes.plot(
            [one[2] for one in means],
            [one[3] for one in means],
            color=colour,
            marker=marker,
            markersize=5,
            markeredgecolor="black",
            markeredgewidth=0.5,
            linewidth=1,
            clip_on=False,
            in_layout=False,
            zorder=3,
            label=label,
        )
        for place, count, *_ in means:
            centre = (place + 0.5) / BINS
            axes.text(centre, height, count, ha="center", va="center", fontsize=7, color=ink)
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, label="true as predicted")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(xlim=(0, 1), ylim=(-0.25, 1), xticks=np.linspace(0, 1, 6), yticks=np.linspace(0, 1, 6))
    axes.set_title(f"{name}: {len(untouched)} films", fontsize=9)
    axes.tick_params(labelsize=8)
