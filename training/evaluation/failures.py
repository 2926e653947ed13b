"""Draws the pictures of failures in docs/explanation/experiments.md.

    python -m training.evaluation.failures --data DIR [--data DIR …] [--outlines DIR …] --out docs/pictures

``failures.png``: phantoms with one defect each, the true outline, the predicted one, and the service's
assessment. ``worst.png``: true and predicted outlines of the images whose IoU is below 0.80, without
the radiograph, which may not be published. ``worst-outlines.png``: the same of the three worst images of
each folder of ``--outlines``.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.metrics.overlap import overlap
from model.quality import Quality
from model.segmenter import Segmenter
from model.writing.colours import MASK_COLOUR, TRUTH_COLOUR
from samples.phantom import phantom

from ..data import degradations
from ..data.datasets import SegmentationDataset
from .evaluate import evaluate

BAD_IOU = 0.8
"""IoU below which an image is shown."""

_SEED = 3
_COLUMNS = 4
_WORST = 3
_INCHES = 3.2

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_DEFECTS: dict[str, tuple[Callable[..., tuple[Pixels, Mask]], float] | None] = {
    "as it is": None,
    "inverted": (degradations.inversion, 1.0),
    "on its side": (degradations.rotation, 0.5),
    "lung whitened": (degradations.white_lung, 0.7),
    "half covered": (degradations.half_covered, 0.5),
    "cropped": (degradations.crop, 0.8),
    "noise": (degradations.noise, 0.4),
    "overexposed": (degradations.exposure, 0.8),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An image to draw.

    Attributes:
        title: Above the image.
        pixels: ``(H, W)`` uint8; None if the radiograph may not be published.
        truth: ``(H, W)`` bool.
        prediction: ``(H, W)`` bool.
        quality: Of the prediction.
    """

    title: str
    pixels: Pixels | None
    truth: Mask
    prediction: Mask
    quality: Quality


def phantom_failures(segmenter: Segmenter) -> list[Failure]:
    """Return the phantom with each defect."""
    made = phantom(seed=_SEED)
    failures = []
    for name, defect in _DEFECTS.items():
        pixels, truth = np.asarray(made.pixels, np.uint8), made.mask
        if defect is not None:
            degrade, strength = defect
            pixels, truth = degrade(pixels, truth, strength, np.random.default_rng(_SEED))
        segmentation = segmenter(pixels)
        failures.append(Failure(name, pixels, truth, segmentation.mask, segmentation.quality))
    return failures


def worst_images(
    segmenter: Segmenter, dataset: SegmentationDataset, *, count: int | None = None
) -> list[Failure]:
    """Return the images with the lowest IoU, the worst first.

    Args:
        segmenter: The segmenter.
        dataset: Radiographs with true masks.
        count: How many; None returns those below `BAD_IOU`.
    """
    found = sorted(
        (
            (case, images)
            for case, images in evaluate(segmenter, dataset)
            if count is not None or case.overlap.iou < BAD_IOU
        ),
        key=lambda pair: pair[0].overlap.iou,
    )[:count]
    return [Failure(case.stem, None, images.truth, images.prediction, case.quality) for case, images in found]


def draw(failures: Sequence[Failure], path: Path, *, columns: int = _COLUMNS) -> None:
    """Draw failures as a PNG, with the true outline yellow and the predicted one purple.

    Args:
        failures: At least one.
        path: The PNG that is written.
        columns: The most images beside each other.

    Raises:
        ValueError: There are none.
    """
    if not failures:
        raise ValueError("There is nothing to draw: give at least one failure.")
    columns = min(columns, len(failures))
    rows = -(-len(failures) // columns)
    figure = Figure(figsize=(columns * _INCHES, rows * (_INCHES + 0.75)), layout="constrained")
    grid: Any = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, failure in zip(grid.flat, failures, strict=False):
        _panel(axes, failure)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)


def _panel(axes: Any, failure: Failure) -> None:
    shown = failure.pixels if failure.pixels is not None else np.full(failure.truth.shape, 24, np.uint8)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255)
    for mask, colour in ((failure.truth, TRUTH_COLOUR), (failure.prediction, MASK_COLOUR)):
        if mask.any():
            rgb = tuple(level / 255 for level in colour)
            axes.contour(mask, levels=[0.5], colors=[rgb], linewidths=1.4)
    quality = failure.quality
    predicted = "" if quality.predicted_iou is None else f", predicted {quality.predicted_iou:.2f}"
    said = "trusted" if quality.trusted else "not trusted: " + ",\n".join(_in_pairs(quality))
    axes.set_title(
        f"{failure.title}: IoU {overlap(failure.prediction, failure.truth).iou:.2f}{predicted}\n{said}",
        fontsize=7.5,
    )


def _in_pairs(quality: Quality) -> list[str]:
    codes = [warning.code for warning in quality.warnings]
    return [", ".join(codes[start : start + 2]) for start in range(0, len(codes), 2)]


def main() -> None:
    """Run the module; see its docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.failures", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, action="append", required=True, help="images and masks")
    parser.add_argument("--outlines", type=Path, action="append", default=[], help="images and masks")
    parser.add_argument("--checkpoint", type=Path, help="the bundled one if not given")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    segmenter = Segmenter(arguments.checkpoint)
    draw(phantom_failures(segmenter), arguments.out / "failures.png")
    worst = worst_images(segmenter, SegmentationDataset(arguments.data))
    if worst:
        draw(worst, arguments.out / "worst.png")
    outlines = [
        failure
        for folder in arguments.outlines
        for failure in worst_images(segmenter, SegmentationDataset([folder]), count=_WORST)
    ]
    if outlines:
        draw(outlines, arguments.out / "worst-outlines.png", columns=_WORST)


if __name__ == "__main__":
    main()
