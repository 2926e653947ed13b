"""What `pleura calibrate` leaves to be read: a page of tables and the calibration plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from model.quality.features import KINDS

from .cases import MIRRORED, UNTOUCHED
from .figures import FLAGGED, Judged, Trial, pairs


def write_report(trial: Trial, folder: Path, *, name: str) -> None:
    """Writes ``calibration.md`` and ``calibration.png`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.md").write_text(report(trial, name=name), encoding="utf-8")
    plot(trial.labelled, folder / "calibration.png")


def report(trial: Trial, *, name: str) -> str:
    """The tables as Markdown."""
    figures = trial.calibration.figures
    iou = figures["predicted_iou"]
    lines = [
        f"# How well {name} judges itself",
        "",
        "Every figure is of images that took no part in the fit that judged them.",
        "",
        "## Predicted IoU",
        "",
        f"{iou['images']} labelled images, degraded ones included, in folds over images.",
        "",
        *_table(["figure", "value"], [[key.replace("_", " "), _show(value)] for key, value in iou.items()]),
        "",
        f"A mask is trusted from a predicted IoU of {trial.calibration.trust_threshold} on, if nothing else speaks against it.",
        "",
        *_table(
            ["variant", "images", "mean IoU", "mean predicted", "untrusted"], _by_variant(trial.labelled)
        ),
        "",
        "## Gross errors, each hospital left out of the fit once",
        "",
        f"Images as they are. Caught: share of the gross errors, where {FLAGGED:.0%} of the other masks are flagged.",
        "",
        *_table(
            ["hospital", "images", "gross errors", "AUC", "caught", "correlation with the true IoU"],
            [
                [
                    key,
                    value["images"],
                    value["gross"],
                    *(_show(value[part]) for part in ("auc", "caught", "correlation")),
                ]
                for key, value in figures["hospital_left_out"].items()
            ],
        ),
        "",
        "## Good images that are trusted",
        "",
        *_table(
            ["images", "number", "trusted", "warnings"],
            [
                [key, value["images"], _show(value["trusted"]), _warnings(value)]
                for key, value in figures["trusted"].items()
            ],
        ),
        "",
        "## Other images that are not trusted",
        "",
        "Each kind is judged by the whole fit and by one that has not seen the kind. Radiographs made wrong on purpose "
        f"({', '.join(KINDS[1:4])}) are of held-out images.",
        "",
        *_table(
            ["kind", "number", "untrusted", "untrusted, kind left out", "warnings, kind left out"],
            [
                [
                    key,
                    value["seen"]["images"],
                    _show(value["seen"]["untrusted"]),
                    _show(value["left_out"]["untrusted"]),
                    _warnings(value["left_out"]),
                ]
                for key, value in figures["untrusted"].items()
            ],
        ),
        "",
        "## Folders of frontal radiographs, each left out of the fit once",
        "",
        *_table(
            ["folder", "number", "taken for frontal"],
            [
                [key, value["images"], _show(value["frontal"])]
                for key, value in figures["source_left_out"].items()
            ],
        ),
        "",
        "## Mean IoU by threshold",
        "",
        *_table(
            ["threshold", "mean IoU"], [[key, _show(value)] for key, value in figures["threshold"].items()]
        ),
        "",
    ]
    return "\n".join(lines)


def plot(labelled: Sequence[Judged], path: Path) -> None:
    """Predicted against true IoU."""
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


def _by_variant(labelled: Sequence[Judged]) -> list[list[Any]]:
    variants = sorted({one.example.variant for one in labelled})
    rows = []
    for variant in variants:
        chosen = [one for one in labelled if one.example.variant == variant]
        count = len(chosen)
        rows.append(
            [
                variant.replace("_", " "),
                count,
                _show(sum(one.example.iou or 0 for one in chosen) / count),
                _show(sum(one.quality.predicted_iou or 0 for one in chosen) / count),
                _show(sum(not one.quality.trusted for one in chosen) / count),
            ]
        )
    return rows


def _warnings(value: dict[str, Any]) -> str:
    return ", ".join(f"{code} {count}" for code, count in value["warnings"].items()) or "none"


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
