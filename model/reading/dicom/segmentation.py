"""The frames of a DICOM SEG (PS3.3 A.51, A.87): BINARY, FRACTIONAL and LABELMAP."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ...errors import UnsuitableMask
from ...ground_truth import GroundTruth, Note
from .dataset import integer, text
from .kind import LABEL_MAP, sop_class
from .photometric import Photometric
from .pixels import ImagePixels
from .segments import described_segments, lung_segments

Mask = NDArray[np.bool_]

_SEVERAL = "The DICOM file has frames of several images. Send the mask of one radiograph."


def lungs_of(dataset: Dataset, image: ImagePixels, *, lung_values: Collection[int] | None) -> GroundTruth:
    """Return the union of the segments that are lung.

    Args:
        dataset: The SEG's attributes.
        image: The SEG's frames.
        lung_values: The numbers of the segments that are lung; None selects them by codes and names.

    Raises:
        UnsuitableMask: No segment is lung, or the frames are of several images.
    """
    chosen, notes = lung_segments(dataset) if lung_values is None else (frozenset(lung_values), ())
    mask, cut = joined(dataset, image, numbers=chosen)
    if cut is not None:
        notes = (*notes, cut)
    if lung_values is not None and not chosen & {segment.number for segment in described_segments(dataset)}:
        notes = (*notes, Note("values_absent", "No segment has one of these numbers: the mask is empty."))
    return GroundTruth(mask, notes)


def joined(
    dataset: Dataset, image: ImagePixels, *, numbers: Collection[int] | None
) -> tuple[Mask, Note | None]:
    """Return the union of segments, with a note if fractions were thresholded.

    Args:
        dataset: The SEG's attributes.
        image: Its frames.
        numbers: The numbers of the segments; None means all.

    Returns:
        The mask ``(rows, columns)`` bool, and the note or None.

    Raises:
        UnsuitableMask: The frames are of several images.
    """
    mask = np.zeros((image.rows, image.columns), np.bool_)
    if sop_class(dataset) == LABEL_MAP:
        # Values are segment numbers, even if a palette defines how to display them.
        values = replace(image, photometric=Photometric("MONOCHROME2")).frame(0)
        if image.frames > 1:
            raise UnsuitableMask(_SEVERAL)
        kept = [number for number in numbers if number] if numbers is not None else None
        return np.asarray(values != 0) if kept is None else np.isin(values, kept), None
    fractional = image.bits_allocated > 1 and text(dataset, "SegmentationType") != "BINARY"
    highest = integer(dataset, "MaximumFractionalValue", default=2**image.layout.stored - 1)
    levels = False
    for index, number in enumerate(_frame_segments(dataset, image.frames)):
        if numbers is not None and number not in numbers:
            continue
        frame = image.frame(index)
        if fractional:
            levels = levels or bool(((frame > 0) & (frame < highest)).any())
            # A value divided by MaximumFractionalValue is a probability or an occupancy (PS3.3 C.8.20.2).
            frame = frame.astype(np.uint32) * 2 >= max(highest, 1)
        mask |= frame != 0
    note = Note(
        "fractional", f"The segments are FRACTIONAL: a pixel counts as lung from half of {highest} on."
    )
    return mask, note if levels else None


def _frame_segments(dataset: Dataset, frames: int) -> list[int]:
    """Return the segment number of each frame.

    Raises:
        UnsuitableMask: The frames are of different images, or are more than the segments without a reference.
    """
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), Dataset())
    known = [_segment_of(group) or _segment_of(shared) for group in groups]
    if len({_place(group) for group in groups} - {_NOWHERE}) > 1:
        raise UnsuitableMask(_SEVERAL)
    numbers = [number for number in known if number is not None]
    if len(numbers) == frames:
        return numbers
    order = [segment.number for segment in described_segments(dataset)] or [1]
    if frames > len(order):
        raise UnsuitableMask(_SEVERAL)
    return order[:frames]


def _segment_of(group: Dataset) -> int | None:
    for item in group.get("SegmentIdentificationSequence") or ():
        return integer(item, "ReferencedSegmentNumber", default=0) or None
    return None


_NOWHERE = ((), ())


def _place(group: Dataset) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the identity of the image that a frame belongs to: its position, source instances and frames."""
    positions = [
        tuple(map(str, item.get("ImagePositionPatient") or ()))
        for item in group.get("PlanePositionSequence") or ()
    ]
    sources = [
        (text(source, "ReferencedSOPInstanceUID"), str(source.get("ReferencedFrameNumber", "")))
        for item in group.get("DerivationImageSequence") or ()
        for source in item.get("SourceImageSequence") or ()
    ]
    return tuple(positions), tuple(sources)
