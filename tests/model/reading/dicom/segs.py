"""Generated DICOM SEG files."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom import Sequence as Items
from pydicom import uid as uids
from pydicom.pixels.utils import pack_bits

from .files import dataset, written

LABEL_MAP = uids.UID("1.2.840.10008.5.1.4.1.1.66.7")
LUNG = ("39607008", "SCT", "Lung")
HEART = ("80891009", "SCT", "Heart")


def code(value: str, scheme: str, meaning: str) -> Items:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Items([item])


def segment(
    number: int,
    label: str = "",
    kind: tuple[str, str, str] | None = None,
    region: tuple[str, str, str] | None = None,
) -> Dataset:
    """An item of SegmentSequence."""
    item = Dataset()
    item.SegmentNumber = number
    if label:
        item.SegmentLabel = label
    if kind is not None:
        item.SegmentedPropertyTypeCodeSequence = code(*kind)
    if region is not None:
        item.AnatomicRegionSequence = code(*region)
    return item


def seg(
    frames: Sequence[NDArray[Any]],
    segments: Sequence[Dataset],
    *,
    of: Sequence[int] | None = None,
    sources: Sequence[str] | None = None,
    bits: int = 1,
    **attributes: Any,
) -> bytes:
    """A SEG of ``frames`` ``(rows, columns)``.

    Args:
        frames: values, of one bit packed.
        segments: the items of its SegmentSequence.
        of: the number of each frame's segment; None leaves the functional groups out.
        sources: the SOP instance that each frame was drawn on.
        bits: of a pixel.
        attributes: replace the others.
    """
    made = dataset(np.asarray(frames[0], np.uint8), SOPClassUID=uids.SegmentationStorage, Modality="SEG")
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.NumberOfFrames = len(frames)
    made.SegmentSequence = Items(segments)
    made.SegmentationType = "BINARY" if bits == 1 else "FRACTIONAL"
    stack = np.stack(frames).astype(np.uint8)
    data = pack_bits(stack) if bits == 1 else stack.tobytes()
    made.PixelData = data + b"\x00" * (len(data) % 2)
    if of is not None:
        made.PerFrameFunctionalGroupsSequence = Items(
            [_group(number, sources[index] if sources else None) for index, number in enumerate(of)]
        )
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return written(made)


def _group(number: int, source: str | None) -> Dataset:
    group, identification = Dataset(), Dataset()
    identification.ReferencedSegmentNumber = number
    group.SegmentIdentificationSequence = Items([identification])
    if source is not None:
        reference, derivation = Dataset(), Dataset()
        reference.ReferencedSOPInstanceUID = source
        derivation.SourceImageSequence = Items([reference])
        group.DerivationImageSequence = Items([derivation])
    return group
