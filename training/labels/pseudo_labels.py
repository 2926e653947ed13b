"""Pseudo-labels: masks of radiographs by the consensus of networks.

    pleura pseudo-label --checkpoint FILE [--checkpoint FILE …] --images DIR [--within DIR] --out DIR

Self-training (Lee, *Pseudo-Label*, 2013; Xie et al., *Noisy Student*, 2020): a network is trained on
predictions for new images, under stronger augmentation. Pixels of which the teachers are not sure, or
on which they differ, are left out of the loss; an image on which they disagree is left out.
``--within`` names masks that contain the lungs and more, such as the heart, as outer bounds: pixels
outside are background, and pixels inside that are not predicted are left out of the loss.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.engines.flips import FlipAveraged
from model.errors import ImageError, SizeMismatch
from model.heart import keep_heart
from model.margins import picture_box, put_back
from model.metrics.overlap import overlap
from model.postprocessing import postprocess
from model.radiograph import Radiograph
from model.reading import files, read, read_mask
from model.segmenter import Segmenter

from ..data.datasets import add_sample
from ..data.folders import by_stem, missing_masks
from ..errors import DataError

Mask = NDArray[np.bool_]
Probabilities = NDArray[np.float32]

SURE = 0.9
"""Probability from which a pixel is surely lung; below 1 - SURE it is surely background."""

LOST = 0.1
"""Share of the mask outside its bound above which the image is left out."""

AGREEMENT = 0.85
"""Smallest IoU of two teachers' lungs, and of their hearts, for these to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoLabel:
    """A radiograph with its pseudo-labels.

    Attributes:
        image: Its file.
        mask: Of the lungs, ``(H, W)`` bool.
        ignore: Pixels that are left out of the loss, ``(H, W)`` bool.
        heart: ``(H, W)`` bool; None if a teacher finds no heart, or they disagree.
        agreement: The lowest IoU of two teachers' lungs; 1 with one teacher.
        lungs: Mask of each teacher, ``(H, W)`` bool.
    """

    image: Path
    mask: Mask
    ignore: Mask
    heart: Mask | None
    agreement: float
    lungs: tuple[Mask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file without a pseudo-label, the reason, and the teachers' agreement and masks if they exist."""

    image: Path
    reason: str
    agreement: float | None = None
    lungs: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True)
class _Prediction:
    """The prediction of one teacher, at the image's size.

    Attributes:
        lung: Probabilities ``(H, W)``.
        kept: Probabilities ``(H, W)`` after post-processing.
        heart: Probabilities ``(H, W)`` after post-processing.
        both_lungs: Whether two lungs were found.
        trusted: Whether the quality model trusts the mask; True without a quality model.
    """

    lung: Probabilities
    kept: Probabilities
    heart: Probabilities | None
    both_lungs: bool
    trusted: bool


def pseudo_labels(
    teachers: Sequence[Segmenter], images: Sequence[Path], *, within: Path | None = None
) -> Iterator[PseudoLabel | LeftOut]:
    """Yield the mean prediction of the teachers for each radiograph.

    Args:
        teachers: At least one. Every calibrated one must trust its mask. A teacher with test-time
            augmentation is judged without it, because trust was calibrated without it.
        images: Files.
        within: Folder of masks with the images' stems, which contain the lungs and more.

    Yields:
        A pseudo-label, or a file that was left out with the reason.

    Raises:
        DataError: ``within`` has no mask for some images; the message names up to `SHOWN` of them.
    """
    bounds = {} if within is None else _bounds(within, images)
    judges = [_without_flips(teacher) for teacher in teachers]
    for image in images:
        try:
            radiograph = read(image)
        except ImageError as error:
            yield LeftOut(image=image, reason=str(error))
            continue
        predictions = [
            _predict(teacher, radiograph, judge=judge)
            for teacher, judge in zip(teachers, judges, strict=True)
        ]
        yield _consensus(image, predictions, bounds.get(image))


def _consensus(
    image: Path, predictions: Sequence[_Prediction], bound_file: Path | None
) -> PseudoLabel | LeftOut:
    """Return the mean of the predictions, limited to the bound, or the reason why there is none."""
    lungs = tuple(prediction.kept >= 0.5 for prediction in predictions)
    agreement = _agreement(lungs)
    reason = _doubt(predictions, agreement)
    if reason is not None:
        return LeftOut(image=image, reason=reason, agreement=agreement, lungs=lungs)
    lung = np.mean([prediction.lung for prediction in predictions], axis=0)
    kept = np.mean([prediction.kept for prediction in predictions], axis=0)
    mask = kept >= 0.5
    # Pixels that post-processing removed or filled are not sure either.
    ignore = _unsure(lung) | ((lung >= SURE) != (kept >= SURE))
    heart = _heart(predictions)
    heart_mask = None
    if heart is not None:
        heart_mask = (heart >= 0.5) & ~mask
        ignore |= _unsure(heart)
    if bound_file is not None:
        try:
            bound = _read_bound(bound_file, mask.shape)
        except ImageError as error:
            reason = f"{bound_file.name}: {error}"
            return LeftOut(image=image, reason=reason, agreement=agreement, lungs=lungs)
        lost = (mask & ~bound).sum() / mask.sum()
        if lost > LOST:
            reason = f"{lost:.0%} of the mask lies outside its bound"
            return LeftOut(image=image, reason=reason, agreement=agreement, lungs=lungs)
        mask = mask & bound
        known = mask if heart_mask is None else mask | heart_mask
        ignore = (ignore | ~known) & bound
    return PseudoLabel(
        image=image, mask=mask, ignore=ignore, heart=heart_mask, agreement=agreement, lungs=lungs
    )


def write_pseudo_label(label: PseudoLabel, out: Path) -> None:
    """Add a radiograph with its masks to the folder ``out``, in the layout of `SegmentationDataset`."""
    add_sample(out, label.image, label.mask, ignore=label.ignore, heart=label.heart)


def _without_flips(teacher: Segmenter) -> Segmenter:
    engine = teacher.engine
    return (
        Segmenter.from_engine(teacher.metadata, engine.plain) if isinstance(engine, FlipAveraged) else teacher
    )


def _predict(teacher: Segmenter, radiograph: Radiograph, *, judge: Segmenter) -> _Prediction:
    prepared = teacher.prepare(radiograph)
    (inferred,) = teacher.run([prepared])
    segmentation = teacher.finish(prepared, inferred)
    judged = segmentation
    if judge is not teacher and judge.metadata.calibration is not None:
        judged = judge(prepared.radiograph)
    _, _, width, height = picture_box(prepared.radiograph)

    def restore(square: Probabilities) -> Probabilities:
        picture = teacher.metadata.preprocessing.restore(square, width=width, height=height)
        return put_back(picture, prepared.radiograph)

    return _Prediction(
        lung=restore(inferred.probabilities),
        kept=restore(postprocess(inferred.probabilities, threshold=segmentation.threshold)),
        heart=None if inferred.heart is None else restore(keep_heart(inferred.heart, threshold=0.5)),
        both_lungs=segmentation.right is not None and segmentation.left is not None,
        trusted=teacher.metadata.calibration is None or judged.quality.trusted,
    )


def _doubt(predictions: Sequence[_Prediction], agreement: float) -> str | None:
    """Return why an image is left out; None if it is not."""
    if not all(prediction.trusted for prediction in predictions):
        return "not trusted"
    if not all(prediction.both_lungs for prediction in predictions):
        return "not two lungs"
    if agreement < AGREEMENT:
        return f"the teachers agree to IoU {agreement:.3f}"
    return None


def _heart(predictions: Sequence[_Prediction]) -> Probabilities | None:
    hearts = [prediction.heart for prediction in predictions if prediction.heart is not None]
    masks = tuple(heart >= 0.5 for heart in hearts)
    if len(hearts) < len(predictions) or not all(mask.any() for mask in masks):
        return None
    if _agreement(masks) < AGREEMENT:
        return None
    return np.asarray(np.mean(hearts, axis=0), np.float32)


def _agreement(masks: Sequence[Mask]) -> float:
    return min(
        (overlap(one, other).iou for number, one in enumerate(masks) for other in masks[:number]),
        default=1.0,
    )


def _unsure(probabilities: Probabilities) -> Mask:
    unsure: Mask = (probabilities > 1 - SURE) & (probabilities < SURE)
    return unsure


def _bounds(within: Path, images: Sequence[Path]) -> dict[Path, Path]:
    """Return the mask in ``within`` of each image."""
    found = by_stem(files.images_in(within))
    masks = {image: found.get(files.stem_of(image).removesuffix("_mask")) for image in images}
    lacking = [image for image, mask in masks.items() if mask is None]
    if lacking:
        raise DataError(f"{missing_masks(lacking, within)} Or leave --within out.")
    return {image: mask for image, mask in masks.items() if mask is not None}


def _read_bound(path: Path, shape: tuple[int, ...]) -> Mask:
    bound = read_mask(path)
    if bound.shape != shape:
        raise SizeMismatch(
            f"it is {bound.shape[1]} by {bound.shape[0]}, the image is {shape[1]} by {shape[0]}: "
            "make the mask the size of its image."
        )
    return bound
