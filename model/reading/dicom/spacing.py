"""How far apart the centres of pixels are."""

from __future__ import annotations

import math
from typing import Literal

from pydicom import Dataset

_PLAUSIBLE_MM = (1e-3, 1e2)


def pixel_spacing(
    dataset: Dataset,
) -> tuple[tuple[float, float] | None, Literal["patient", "detector"] | None]:
    """``(row, column)`` in mm and the plane where it holds; None and None where the file does not say.

    Pixel Spacing is in the patient (calibrated), Imager Pixel Spacing at the detector (PS3.3 10.7.1.1). Zero, negative and
    malformed values count as missing.
    """
    spacing = _pair(dataset, "PixelSpacing")
    if spacing is not None:
        return spacing, "patient"
    spacing = _pair(dataset, "ImagerPixelSpacing")
    return spacing, None if spacing is None else "detector"


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    try:
        row, column = (float(value) for value in dataset[keyword].value)
    except Exception:
        # Missing, not numbers, not two of them: pydicom raises several types.
        return None
    low, high = _PLAUSIBLE_MM
    plausible = all(math.isfinite(value) and low <= value <= high for value in (row, column))
    return (row, column) if plausible else None
