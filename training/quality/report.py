"""The report of `pleura calibrate`: tables in Markdown, and plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.quality.features import KINDS

from .figures import FLAGGED, Assessed
from .plots import BINS, plot_all, plot_left_out
from .trial import Trial

LEFT_OUT_PLOT = "reliability-left-out.png"
"""File name of the plot of each hospital left out."""


def write_report(trial: Trial, folder: Path, *, name: str) -> None:
    """Write ``calibration.md``, ``calibration.png`` and ``reliability-left-out.png`` into ``folder``.

    The last one needs images of two hospitals.

    Args:
        trial: The fitted quality model, and its figures by cross-validation.
        folder: Is created if it does not exist.
        name: Of the checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.md").write_text(report(trial, name=name), encoding="utf-8")
    plot_all(trial.labelled, folder / "calibration.png")
    if trial.left_out:
        plot_left_out(trial.left_out, folder / LEFT_OUT_PLOT)


def report(trial: Trial, *, name: str) -> str:
    """Return the tables as Markdown."""
    figures = trial.calibration.figures
    sections = [
        [
            f"# How well {name} judges itself",
            "",
            "Every figure is of images that were not in the fit that assessed them.",
        ],
        _predicted_iou(trial),
        _gross_errors(figures["hospital_left_out"]),
        *([_left_out_plot()] if trial.left_out else []),
        _trusted(figures["trusted"]),
        _untrusted(figures["untrusted"]),
        _children(figures["children"]),
        [
            "## Folders of frontal radiographs, each left out of the fit once",
            "",
            *_table(
                ["folder", "number", "taken for frontal"],
                [
                    [key, one["images"], _show(one["frontal"])]
                    for key, one in figures["source_left_out"].items()
                ],
            ),
        ],
        [
            "## Mean IoU by threshold",
            "",
            *_table(
                ["threshold", "mean IoU"], [[key, _show(one)] for key, one in figures["threshold"].items()]
            ),
        ],
    ]
    return "\n".join(line for section in sections for line in (*section, ""))


def _predicted_iou(trial: Trial) -> list[str]:
    iou = trial.calibration.figures["predicted_iou"]
    least = trial.calibration.trust_threshold
    return [
        "## Predicted IoU",
        "",
        f"{iou['images']} labelled images, degraded ones included, in folds over images.",
        "",
        *_table(["figure", "value"], [[key.replace("_", " "), _show(value)] for key, value in iou.items()]),
        "",
        f"A mask is trusted if its predicted IoU is at least {least} and no other check fails.",
        "",
        *_table(
            ["variant", "images", "mean IoU", "mean predicted", "untrusted"], _by_variant(trial.labelled)
        ),
    ]


def _children(figures: dict[str, Any]) -> list[str]:
    if not figures:
        return ["No films of children were given: no child is recognised by its image."]
    return [
        "## Taken for a child's, in folds over images",
        "",
        *_table(
            ["folder", "images", "taken for a child's"],
            [[key, one["images"], _show(one["child"])] for key, one in figures.items()],
        ),
    ]


def _gross_errors(figures: dict[str, Any]) -> list[str]:
    return [
        "## Gross errors, each hospital left out of the fit once",
        "",
        "Images as they are. Caught: share of the gross errors, where "
        f"{FLAGGED:.0%} of the other masks are flagged. Below: share of the masks with and without a gross "
        "error whose predicted IoU is below the trust threshold.",
        "",
        *_table(
            [
                *("hospital", "images", "gross errors", "AUC", "caught"),
                *("below, gross", "below, others", "correlation with the true IoU"),
            ],
            [
                [
                    key,
                    one["images"],
                    one["gross"],
                    *(
                        _show(one[part])
                        for part in ("auc", "caught", "gross_below", "good_below", "correlation")
                    ),
                ]
                for key, one in figures.items()
            ],
        ),
    ]


def _left_out_plot() -> list[str]:
    return [
        "## Predicted IoU, each hospital left out of the fit once",
        "",
        f"Mean true IoU in {BINS} bins of the predicted IoU, with the number of images in each bin.",
        "",
        f"![Mean true IoU by predicted IoU, each hospital left out]({LEFT_OUT_PLOT})",
    ]


def _trusted(figures: dict[str, Any]) -> list[str]:
    return [
        "## Good images that are trusted",
        "",
        *_table(
            ["images", "number", "trusted", "warnings"],
            [[key, one["images"], _show(one["trusted"]), _warnings(one)] for key, one in figures.items()],
        ),
    ]


def _untrusted(figures: dict[str, Any]) -> list[str]:
    return [
        "## Other images that are not trusted",
        "",
        "Each kind is assessed by the whole fit and by one without this kind. Altered radiographs "
        f"({', '.join(KINDS[1:4])}) are of held-out images. AUC: of the odds of a frontal radiograph, "
        "against the held-out ones, kind left out.",
        "",
        *_table(
            ["kind", "number", "untrusted", "untrusted, kind left out", "AUC", "warnings, kind left out"],
            [
                [
                    key,
                    one["seen"]["images"],
                    _show(one["seen"]["untrusted"]),
                    _show(one["left_out"]["untrusted"]),
                    _show(one["auc"]),
                    _warnings(one["left_out"]),
                ]
                for key, one in figures.items()
            ],
        ),
    ]


def _by_variant(labelled: Sequence[Assessed]) -> list[list[Any]]:
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
