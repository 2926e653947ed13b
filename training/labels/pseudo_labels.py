"""Masks for radiographs that have none, or another convention's: drawn by networks, kept where they agree.

    pleura pseudo-label --checkpoint FILE [--checkpoint FILE …] --images DIR [--within DIR] --out DIR

Self-training (Lee, *Pseudo-Label*, 2013; Xie et al., *Noisy Student*, 2020): the network learns its own answers on new images, under
augmentation that made it harder. A pixel of which the teachers are not sure, or on which they differ, is left out of the loss; an image
on which they have little in common is left out altogether. With ``--within``, masks that hold the lungs and more (the heart, say) cut
the answer: outside is background for sure, and what they hold beyond the answer is left out.
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
"""Probability from which a pixel is lung, and below 1 - SURE background, for sure."""

LOST = 0.1
"""A bound that takes away more than this share of the answer contradicts it: the image is left out."""

AGREEMENT = 0.85
"""Least IoU of two teachers' lungs; their hearts are taken from the same IoU on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoLabel:
    """A radiograph with what was drawn for it.

    Attributes:
        image: its file.
        mask, ignore: ``(H, W)`` bool.
        heart: ``(H, W)`` bool; None where the teachers do not find hearts, or not the same.
        agreement: the lowest IoU of two teachers' lungs; 1 with one teacher.
        lungs: each teacher's ``(H, W)`` bool.
    """

    image: Path
    mask: Mask
    ignore: Mask
    heart: Mask | None
    agreement: float
    lungs: tuple[Mask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file without a pseudo-label; ``agreement`` and ``lungs`` where there are such."""

    image: Path
    reason: str
    agreement: float | None = None
    lungs: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    """One teacher's, at the image's size: probabilities ``(H, W)`` before and after post-processing."""

    lung: Probabilities
    kept: Probabilities
    heart: Probabilities | None
    both_lungs: bool
    trusted: bool


def pseudo_labels(
    teachers: Sequence[Segmenter], images: Sequence[Path], *, within: Path | None = None
) -> Iterator[PseudoLabel | LeftOut]:
    """Draws a mask for each radiograph: the mean of what the teachers say.

    Args:
        teachers: at least one. Of those that are calibrated all must trust their mask; where flips are averaged, the one without
            them, for which the trust was calibrated.
        images: files.
        within: folder of masks with the images' stems, which hold the lungs and more.

    Yields:
        A pseudo-label, or a file that was left out with the reason.

    Raises:
        DataError: ``within`` has no mask for some images; they are named, of many the first.
    """
    bounds = {} if within is None else _bounds(within, images)
    judges = [_without_flips(teacher) for teacher in teachers]
    for image in images:
        try:
            radiograph = read(image)
        except ImageError as error:
            yield LeftOut(image=image, reason=str(error))
            continue
        answers = [
            _ask(teacher, radiograph, judge=judge) for teacher, judge in zip(teachers, judges, strict=True)
        ]
        lungs = tuple(answer.kept >= 0.5 for answer in answers)
        agreement = _agreement(lungs)
        reason = _doubt(answers, agreement)
        if reason is not None:
            yield LeftOut(image=image, reason=reason, agreement=agreement, lungs=lungs)
            continue
        certain, kept = (
            np.mean([getattr(answer, part) for answer in answers], axis=0) for part in ("lung", "kept")
        )
        mask = kept >= 0.5
        # What post-processing took away or filled is not for sure either.
        ignore = _unsure(certain) | ((certain >= SURE) != (kept >= SURE))
        heart = _heart(answers)
        heart_mask = None
        if heart is not None:
            heart_mask = (heart >= 0.5) & ~mask
            ignore |= _unsure(heart)
        if within is not None:
            try:
                bound = _read_bound(bounds[image], mask.shape)
            except ImageError as error:
                unusable = f"{bounds[image].name}: {error}"
                yield LeftOut(image=image, reason=unusable, agreement=agreement, lungs=lungs)
                continue
            lost = (mask & ~bound).sum() / mask.sum()
            if lost > LOST:
                lost_reason = f"{lost:.0%} of the mask lies outside its bound"
                yield LeftOut(image=image, reason=lost_reason, agreement=agreement, lungs=lungs)
                continue
            mask = mask & bound
            known = mask if heart_mask is None else mask | heart_mask
            ignore = (ignore | ~known) & bound
        yield PseudoLabel(
            image=image, mask=mask, ignore=ignore, heart=heart_mask, agreement=agreement, lungs=lungs
        )


def write_pseudo_label(label: PseudoLabel, out: Path) -> None:
    """Adds a radiograph with its masks to the folder ``out``, in the layout that `SegmentationDataset` reads."""
    add_sample(out, label.image, label.mask, ignore=label.ignore, heart=label.heart)


def _without_flips(teacher: Segmenter) -> Segmenter:
    engine = teacher.engine
    return (
        Segmenter.from_engine(teacher.metadata, engine.plain) if isinstance(engine, FlipAveraged) else teacher
    )


def _ask(teacher: Segmenter, radiograph: Radiograph, *, judge: Segmenter) -> _Answer:
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

    return _Answer(
        lung=restore(inferred.probabilities),
        kept=restore(postprocess(inferred.probabilities, threshold=segmentation.threshold)),
        heart=None if inferred.heart is None else restore(keep_heart(inferred.heart, threshold=0.5)),
        both_lungs=segmentation.right is not None and segmentation.left is not None,
        trusted=teacher.metadata.calibration is None or judged.quality.trusted,
    )


def _doubt(answers: Sequence[_Answer], agreement: float) -> str | None:
    """Why an image is left out."""
    if not all(answer.trusted for answer in answers):
        return "not trusted"
    if not all(answer.both_lungs for answer in answers):
        return "not two lungs"
    if agreement < AGREEMENT:
        return f"the teachers agree to IoU {agreement:.3f}"
    return None


def _heart(answers: Sequence[_Answer]) -> Probabilities | None:
    hearts = [answer.heart for answer in answers if answer.heart is not None]
    masks = tuple(heart >= 0.5 for heart in hearts)
    if len(hearts) < len(answers) or not all(mask.any() for mask in masks):
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
    """The mask in ``within`` of each image."""
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
            f"it is {bound.shape[1]} by {bound.shape[0]}, the image is {shape[1]} by {shape[0]}: make the mask the size of its image."
        )
    return bound
