"""Masks that are wrong, found by networks that never saw them.

    pleura clean --data DIR [--data DIR …] --out runs/clean

Every image is judged by cross-fitting (as in Northcutt et al., *Confident Learning*, 2021, where the noise is in classes): a network
trained on the others draws its lungs. What lies in the mask alone, is thick and is between the lungs is heart or mediastinum, the error
that Shenzhen's masks have: such places are left out of the loss. A mask that has little in common with the drawing is left out
altogether. Everything else is taken as it is, above all what the network alone calls lung: looked at one by one, that was mostly gas in
the stomach, and what the mask alone has at the side or the base was mostly effusion. What is left is written as folders that
`pleura train` takes; nothing is ever added to a mask.
"""

import csv
import html
import shutil
from base64 import b64encode
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

Mask = NDArray[np.bool_]

THICK = 0.04
"""Share of the image's side from which a part is thick: 16 mm on a film of 40 cm, twice what a network of 128 pixels may be off along
an outline."""

DROPPED = 0.7
"""IoU below which a mask is left out altogether."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What cross-fitting says of one mask.

    Attributes:
        source: number of the data set's root.
        stem: the image's.
        iou: of the mask and what a network that never saw the image drew.
        disputed: the area that is taken for heart or mediastinum, as a share of the mask's.
        action: ``"kept"`` as it is, ``"cut"``: the disputed part is left out of the loss, ``"dropped"``.
    """

    source: int
    stem: str
    iou: float
    disputed: float
    action: Literal["kept", "cut", "dropped"]


def judge(
    segmenters: Iterable[tuple[SegmentationDataset, Segmenter]],
) -> Iterator[tuple[Judgement, Images, Mask]]:
    """Judges each fold's images by the network that never saw them.

    Args:
        segmenters: each fold of the data set with its network; see `cross_fit`.

    Yields:
        The judgement, what it is of, and what is to be left out of the loss ``(H, W)`` bool: the disputed part and what was left out before.

    Raises:
        DataError: a file cannot be read; it is named.
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
    """What only ``truth`` ``(H, W)`` has, is at least `THICK`, and lies in the middle, with a rim of half that round it.

    Args:
        truth, prediction: masks of the same size.
        between: columns; a part lies in the middle whose centroid is between them.
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
    """The columns of the lungs' centroids; nothing lies between them where there are not two lungs."""
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
    """Writes a folder of each root with the masks that are left, ``judgements.csv``, and ``judgements.html`` with pictures.

    Args:
        dataset: what was judged.
        judged: see `judge`.
        names: of the folders, one for each of the data set's roots.
        out: where they are written; folders of these names there are replaced.

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
    (out / "judgements.html").write_text(_page(judgements, pictures, names), encoding="utf-8")
    return judgements


def _page(judgements: Sequence[Judgement], pictures: dict[Judgement, bytes], names: Sequence[str]) -> str:
    """One page that needs nothing else: every mask that was cut or dropped, the worst first."""
    cases = "\n".join(
        f"<figure><img alt='' src='data:image/jpeg;base64,{b64encode(pictures[judgement]).decode()}'>"
        f"<figcaption>{html.escape(names[judgement.source])} <b>{html.escape(judgement.stem)}</b>: {judgement.action}, "
        f"IoU {judgement.iou:.3f}, disputed {judgement.disputed:.1%} of the mask</figcaption></figure>"
        for judgement in judgements
        if judgement.action != "kept"
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Masks that were judged wrong</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1a2330 }}
figure {{ margin: 1.5rem 0 }} img {{ max-width: 100% }}
</style>
<h1>Masks that were judged wrong</h1>
<p>Of {len(judgements)} masks, {len(pictures)}. Each was judged by a network that never saw it. From left to right: the mask, what the
network drew, and where they differ: orange is in the mask alone, blue in the drawing alone.</p>
{cases}
"""
