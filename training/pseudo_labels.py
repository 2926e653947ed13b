"""Masks for radiographs that have none, or another convention's: drawn by a network, kept where it can be believed.

    pleura pseudo-label --checkpoint FILE --images DIR [--within DIR] --out DIR

Self-training (Lee, *Pseudo-Label*, 2013; Xie et al., *Noisy Student*, 2020): the network learns its own answers on new images, under
augmentation that made it harder. A pixel of which it is not sure is left out of the loss. With ``--within``, masks that hold the
lungs and more (the heart, say) cut the answer: outside is background for sure, and what they hold beyond the answer is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.postprocessing import postprocess
from model.reading import read, read_mask
from model.segmenter import Segmenter

from .datasets import add_sample
from .errors import DataError

Mask = NDArray[np.bool_]

SURE = 0.9
"""Probability from which a pixel is lung, and below 1 - SURE background, for sure."""

LOST = 0.1
"""A bound that takes away more than this share of the answer contradicts it: the image is left out."""


@dataclass(frozen=True, slots=True)
class PseudoLabel:
    """A radiograph with what was drawn for it; ``mask`` and ``ignore`` are ``(H, W)`` bool."""

    image: Path
    mask: Mask
    ignore: Mask


def pseudo_labels(
    segmenter: Segmenter, images: Sequence[Path], *, within: Path | None = None
) -> Iterator[PseudoLabel | tuple[Path, str]]:
    """Draws a mask for each radiograph.

    Args:
        segmenter: the teacher. If it is calibrated, only masks that it trusts are kept.
        images: files.
        within: folder of masks with the images' stems, which hold the lungs and more.

    Yields:
        A pseudo-label, or a file that was left out with the reason.

    Raises:
        DataError: ``within`` has no mask for an image, or one of another size.
    """
    calibrated = segmenter.metadata.calibration is not None
    for image in images:
        try:
            radiograph = read(image)
        except ImageError as error:
            yield image, str(error)
            continue
        prepared = segmenter.prepare(radiograph)
        (inferred,) = segmenter.run([prepared])
        segmentation = segmenter.finish(prepared, inferred)
        if calibrated and not segmentation.quality.trusted:
            yield image, "not trusted"
            continue
        if segmentation.right is None or segmentation.left is None:
            yield image, "not two lungs"
            continue
        size = {"width": radiograph.width, "height": radiograph.height}
        restore = segmenter.metadata.preprocessing.restore
        certain = restore(inferred.probabilities, **size)
        kept = restore(postprocess(inferred.probabilities, threshold=segmentation.threshold), **size)
        mask = segmentation.mask
        # What post-processing took away or filled is not for sure either.
        ignore = ((certain > 1 - SURE) & (certain < SURE)) | ((certain >= SURE) != (kept >= SURE))
        if within is not None:
            bound = _bound(within, image, segmentation.mask.shape)
            lost = (mask & ~bound).sum() / mask.sum()
            if lost > LOST:
                yield image, f"{lost:.0%} of the mask lies outside its bound"
                continue
            mask = mask & bound
            ignore = (ignore | ~mask) & bound
        yield PseudoLabel(image, mask, ignore)


def write_pseudo_label(label: PseudoLabel, out: Path) -> None:
    """Adds a radiograph with its mask to the folder ``out``, in the layout that `SegmentationDataset` reads."""
    add_sample(out, label.image, label.mask, ignore=label.ignore)


def _bound(within: Path, image: Path, shape: tuple[int, ...]) -> Mask:
    found = sorted(within.glob(f"{image.stem}.*"))
    if not found:
        raise DataError(f"{image} has no mask in {within}: add one, remove the image, or leave --within out.")
    bound = read_mask(found[0])
    if bound.shape != shape:
        raise DataError(
            f"{found[0]} is {bound.shape[1]} by {bound.shape[0]}, {image.name} is {shape[1]} by {shape[0]}: make the mask the "
            "size of its image."
        )
    return bound
