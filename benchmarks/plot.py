"""The plot of what was measured."""

from __future__ import annotations

from pathlib import Path

from .report import BOUND, CONCURRENCY, Report


def plot(report: Report, path: Path) -> None:
    """Draw requests a second at concurrency 8 for each picture, with any upper bound as a dashed line."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    pictures = list(dict.fromkeys(point["picture"] for point in report.closed))
    names = [system["name"] for system in report.systems]
    figure, axes = pyplot.subplots(1, len(pictures), figsize=(3.4 * len(pictures) + 1.5, 3.6), squeeze=False)
    for axis, picture in zip(axes[0], pictures, strict=True):
        rates = [report.rate(name, picture, CONCURRENCY) or 0 for name in names]
        colours = ["#e69f00" if name.startswith("Pleura") else "#8a8f98" for name in names]
        axis.barh(names, rates, color=colours)
        if (bound := report.rate(BOUND, picture, CONCURRENCY)) is not None:
            axis.axvline(bound, color="black", linestyle="--", linewidth=1)
        axis.set_title(picture)
        axis.set_xlabel(f"requests a second, {CONCURRENCY} at a time")
        axis.invert_yaxis()
        if axis is not axes[0][0]:
            axis.set_yticklabels([])
    figure.suptitle(
        "Throughput"
        + ("; the dashed line is the upper bound of all but Pleura small" if report.upper_bound else "")
    )
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
