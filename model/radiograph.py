"""A radiograph in memory: grey pixels and their metadata."""

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
    """Grey pixels and the metadata of their file.

    Attributes:
        pixels: ``(h, w)`` uint8 or uint16, bright where the body is dense. Smaller than ``height`` by
            ``width`` if the image was decoded at a reduced size.
        format: The file format: ``"png"``, ``"jpeg"``, ``"dicom"``, ``"array"``…
        width: Native width in pixels, after the rotation that the file asks for.
        height: Native height in pixels.
        spacing_mm: Spacing ``(row, column)`` of the native pixels, if known.
        spacing_plane: The plane of that spacing: the patient, the detector (or a digitised film), where the
            body's shadow is larger than the body, or unknown.
        sides: Where the patient's right and left are.
        applied: The transformations of the stored values, in order: ``"modality_lut"``, ``"rescale"``,
            ``"voi_lut"``, ``"window"``, ``"log"``, ``"inverted"``; before them ``"photometric_assumed"``
            if a DICOM file does not say how it is displayed; ``"grey"`` for converted colours,
            ``"sixteen_bit"`` if more than eight bits were kept, ``"exif_orientation"`` if the image was
            turned; ``"margins_cut"`` if the network saw only ``picture``.
        picture: The region inside plain margins in native pixels; None if there are no margins or none were
            searched for.
        age_years: The patient's age according to the file, if known.
        dataset: The DICOM attributes without the pixels; None for other formats.
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
    age_years: float | None = None
    dataset: Dataset | None = None

    @property
    def patient_orientation(self) -> tuple[str, str] | None:
        """Directions of the rows and columns in DICOM's letters; None if the file does not give them."""
        if self.dataset is None:
            return None
        from .reading.dicom.sides import patient_orientation

        return patient_orientation(self.dataset)
