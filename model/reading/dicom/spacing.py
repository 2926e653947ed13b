"""The pixel spacing of a DICOM file, and the plane in which it holds."""

from __future__ import annotations

import math

from pydicom import Dataset

from ...radiograph import SpacingPlane
from .dataset import text

Spacing = tuple[float, float]

_PLAUSIBLE_MM = (1e-3, 1e2)
_PLAUSIBLE_MAGNIFICATION = 10.0
_SAME = 1e-3
"""Relative difference up to which two spacings are equal, written with more or fewer digits."""


def pixel_spacing(dataset: Dataset) -> tuple[Spacing | None, SpacingPlane | None]:
    """Return the spacing ``(row, column)`` in mm and its plane; None and None if the file does not say.

    PS3.3 10.7.1 defines the planes. Pixel Spacing holds in the patient if Pixel Spacing Calibration Type
    or Description says so, or if it differs from the spacing on the receptor (Imager Pixel Spacing, or
    Nominal Scanned Pixel Spacing of a digitised film). If it equals that, it is not corrected. Alone, it
    may be either. The spacing on the receptor, divided by the Estimated Radiographic Magnification Factor
    (C.8.11.7: source to receptor over source to object), holds in the patient.

    Zero, negative and malformed values count as missing.
    """
    spacing = _pair(dataset, "PixelSpacing")
    receptor = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if spacing is not None:
        if _is_calibrated(dataset) or (receptor is not None and not _same(spacing, receptor)):
            return spacing, "patient"
        if receptor is None:
            return spacing, "unknown"
    if receptor is None:
        return None, None
    magnification = _magnification(dataset)
    if magnification is None:
        return spacing or receptor, "detector"
    return (receptor[0] / magnification, receptor[1] / magnification), "patient"


def _is_calibrated(dataset: Dataset) -> bool:
    calibrated = text(dataset, "PixelSpacingCalibrationType").upper() in ("GEOMETRY", "FIDUCIAL")
    return calibrated or text(dataset, "PixelSpacingCalibrationDescription") != ""


def _same(one: Spacing, other: Spacing) -> bool:
    return all(math.isclose(*sides, rel_tol=_SAME) for sides in zip(one, other, strict=True))


def _pair(dataset: Dataset, keyword: str) -> Spacing | None:
    try:
        row, column = (float(value) for value in dataset[keyword].value)
    except Exception:
        # Missing, not numeric, or not two values: pydicom raises several types of exception.
        return None
    low, high = _PLAUSIBLE_MM
    plausible = all(math.isfinite(value) and low <= value <= high for value in (row, column))
    return (row, column) if plausible else None


def _magnification(dataset: Dataset) -> float | None:
    """Return the magnification factor; 1 or less is invalid, as the receptor is behind the body."""
    try:
        factor = float(dataset["EstimatedRadiographicMagnificationFactor"].value)
    except Exception:
        return None
    return factor if 1 < factor <= _PLAUSIBLE_MAGNIFICATION else None
