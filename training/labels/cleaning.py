"""Finds wrong masks by networks that were not trained on them.

    pleura clean --data DIR [--data DIR …] --out runs/clean

Every mask is compared with the prediction of a network that was trained on the other images:
cross-fitting, as in Northcutt et al., *Confident Learning*, 2021, for wrong classes. A thick region
between the lungs that is in the mask alone is heart or mediastinum, an error of Shenzhen's masks, and
is left out of the loss. A mask with little overlap is dropped. Every other difference is kept: on
inspection, regions that the network alone called lung were mostly gas in the stomach, and regions at
the side or the base that were in the mask alone were mostly effusion. The rest is written as folders
for `pleura train`. Nothing is ever added to a mask.
"""

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from model.metrics.overlap import overlap
from model.segmentation import Segmentation
from model.segmenter import Segmenter

from ..data.datasets import IGNORE, SegmentationDataset, add_sample, lung_in
from ..evaluation.evaluate import Images
from ..evaluation.figures import case_overlays
from ..pages import ShownCase, write_page

Mask = NDArray[np.bool_]

THICK = 0.04
"""Smallest width of a thick region, as a share of the image's side.

That is 16 mm on a film of 40 cm, twice the error along an outline of a network of 128 pixels.
"""

DROPPED = 0.7
"""IoU below which a mask is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The result of cross-fitting for one mask.

    Attributes:
        source: Number of the data set's root.
        stem: Of the image.
        iou: Of the mask and the prediction.
        disputed: Area that is taken for heart or mediastinum, as a share of the mask's area.
        action: ``"kept"`` as it is; ``"cut"``: the disputed region is left out of the loss; ``"dropped"``.
    """

    source: int
    stem: str
    iou: float
    disputed: float
    action: Literal["kept", "cut", "dropped"]


def judge(
    segmenters: Iterable[tuple[SegmentationDataset, Segmenter]],
) -> Iterator[tuple[Judgement, Images, Mask]]:
    """Compare the masks of each fold with the predictions of the fold's network.

    Args:
        segmenters: Each fold of the data set with its network; see `cross_fit`.

    Yields:
        The judgement, the images it is of, and the pixels to leave out of the loss ``(H, W)`` bool: the
        disputed region and those that were left out before.

    Raises:
        DataError: A file cannot be read; the message names it.
    """
    for fold, segmenter in segmenters:
        for index, sample in enumerate(fold.samples):
            pixels, mask = fold.load(index)
            counts = mask != IGNORE
            truth = lung_in(mask)
            segmentation = segmenter(pixels)
            prediction = segmentation.mask & counts
            iou = overlap(prediction, truth).iou
            part = disputed(truth, prediction, between=_middle(segmentation))
            action: Literal["kept", "cut", "dropped"] = "cut" if part.any() else "kept"
            judgement = Judgement(
                source=sample.source,
                stem=sample.stem,
                iou=iou,
                disputed=float((part & truth & ~prediction).sum() / max(truth.sum(), 1)),
                action="dropped" if iou < DROPPED else action,
            )
            yield judgement, Images(pixels, truth, prediction), part | ~counts


def disputed(truth: Mask, prediction: Mask, *, between: tuple[float, float]) -> Mask:
    """Return the thick regions between the lungs that are in ``truth`` alone, with a margin.

    Args:
        truth: Mask ``(H, W)`` of the data set.
        prediction: Mask ``(H, W)`` of the network.
        between: Columns; a region whose centroid is between them is between the lungs.

    Returns:
        Regions of at least `THICK`, dilated by half of that, ``(H, W)`` bool.
    """
    side = max(truth.shape)
    reach = max(1, round(THICK * side / 2))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    extra = (truth & ~prediction).view(np.uint8)
    thick = cv2.morphologyEx(extra, cv2.MORPH_OPEN, disk, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    count, parts, _, centroids = cv2.connectedComponentsWithStats(thick)
    low, high = between
    middle = [part for part in range(1, count) if low < centroids[part, 0] < high]
    return cv2.dilate(np.isin(parts, middle).view(np.uint8), disk).view(np.bool_)


def _middle(segmentation: Segmentation) -> tuple[float, float]:
    """Return the columns of the lungs' centroids; an empty range if there are not two lungs."""
    if segmentation.right is None or segmentation.left is None:
        return 0, 0
    return segmentation.right.centroid[0], segmentation.left.centroid[0]


def write_cleaned(
    dataset: SegmentationDataset,
    judged: Iterable[tuple[Judgement, Images, Mask]],
    *,
    names: Sequence[str],
    out: Path,
) -> list[Judgement]:
    """Write a folder of cleaned masks for each root, ``judgements.csv`` and ``judgements.html``.

    Args:
        dataset: What was judged.
        judged: See `judge`.
        names: Of the folders, one for each of the data set's roots.
        out: Parent of the folders; folders of these names are replaced.

    Returns:
        The judgements, the lowest IoU first.
    """
    index_of = {(sample.source, sample.stem): index for index, sample in enumerate(dataset.samples)}
    for name in names:
        shutil.rmtree(out / name, ignore_errors=True)
        for part in ("images", "masks", "ignore"):
            (out / name / part).mkdir(parents=True)
    judgements, pictures = [], {}
    for judgement, images, ignored in judged:
        judgements.append(judgement)
        index = index_of[judgement.source, judgement.stem]
        if judgement.action != "kept":
            pictures[judgement] = case_overlays(images, side=300)
        if judgement.action == "dropped":
            continue
        add_sample(
            out / names[judgement.source],
            dataset.samples[index].image,
            images.truth,
            ignore=ignored if ignored.any() else None,
            heart=dataset.load_heart(index),
        )
    judgements.sort(key=lambda judgement: judgement.iou)
    with (out / "judgements.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=["root", "stem", "iou", "disputed", "action"])
        writer.writeheader()
        for judgement in judgements:
            row = asdict(judgement)
            writer.writerow({"root": names[row.pop("source")], **row})
    write_page(
        out / "judgements.html",
        "cleaning.html",
        title="Masks that were judged wrong",
        judged=len(judgements),
        shown=[
            _shown(judgement, names, pictures[judgement]) for judgement in judgements if judgement in pictures
        ],
    )
    return judgements


def _shown(judgement: Judgement, names: Sequence[str], panels: bytes) -> ShownCase:
    disputed = f"disputed {judgement.disputed:.1%} of the mask"
    return ShownCase(
        f"{names[judgement.source]}/{judgement.stem}",
        panels,
        [judgement.action, f"IoU {judgement.iou:.3f}", disputed],
    )
