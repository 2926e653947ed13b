"""A radiograph that was read: grey pixels and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .sides import CONVENTION, Sides

if TYPE_CHECKING:
    from pydicom import Dataset

SpacingPlane = Literal["patient", "detector", "unknown"]

Grey = NDArray[np.uint8] | NDArray[np.uint16]

Box = tuple[int, int, int, int]
"""x, y, width and height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radiograph:
    """Grey pixels, and what was applied to read them.

    Attributes:
        pixels: ``(h, w)`` uint8 or uint16, bright where the body is dense. Decoded at a reduced size where the reader was
            allowed to: then smaller than ``height`` by ``width``.
        format: what the bytes were: ``"png"``, ``"jpeg"``, ``"dicom"``, ``"array"``…
        width: native width in pixels, after any rotation that the file asks for.
        height: native height in pixels.
        spacing_mm: ``(row, column)`` distance of the native pixels' centres, where it is known.
        spacing_plane: where that spacing holds: in the patient, only on the detector (or on a film that was digitised), where
            the body's shadow is larger than the body, or in one of the two, and the file does not say which.
        sides: where the patient's right and left are.
        applied: what was done to the stored values, in order: ``"modality_lut"``, ``"rescale"``, ``"voi_lut"``, ``"window"``,
            ``"log"``, ``"inverted"``; before them ``"photometric_assumed"`` where a DICOM file does not say how it is displayed;
            ``"grey"`` where there were colours, ``"sixteen_bit"`` where more than eight bits were kept,
            ``"exif_orientation"`` where the image was turned; ``"margins_cut"`` where the network saw ``picture`` alone.
        picture: what lies within plain margins, in native pixels; None where there are none, or nobody has looked.
        dataset: the DICOM attributes without the pixels; None for other formats.
    """

    pixels: Grey
    format: str
    width: int
    height: int
    spacing_mm: tuple[float, float] | None = None
    spacing_plane: SpacingPlane | None = None
    sides: Sides = CONVENTION
    applied: tuple[str, ...] = ()
    picture: Box | None = None
    dataset: Dataset | None = None
