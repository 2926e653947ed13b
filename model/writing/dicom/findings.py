"""The measurements of a lung, in numbers for reports and in words for pictures."""

from __future__ import annotations

from typing import NamedTuple

from ...lungs import Lung

_MM2_IN_CM2 = 100


class Measurements(NamedTuple):
    """Area of a lung, and height and width of its box, in mm or, without a spacing, in pixels.

    Attributes:
        area: In mm² or pixels.
        height: Along the columns of the image.
        width: Along its rows.
        millimetres: Whether the pixel spacing is known.
    """

    area: float
    height: float
    width: float
    millimetres: bool


def measurements(lung: Lung, spacing_mm: tuple[float, float] | None) -> Measurements:
    """Return the measurements of a lung.

    Args:
        lung: At native size.
        spacing_mm: ``(row, column)`` distance of the pixels' centres; None where it is unknown.
    """
    _, _, width, height = lung.box
    if spacing_mm is None or lung.area_mm2 is None:
        return Measurements(lung.area_px, height, width, millimetres=False)
    return Measurements(lung.area_mm2, height * spacing_mm[0], width * spacing_mm[1], millimetres=True)


def area_in_words(lung: Lung | None) -> str:
    """Return the area of a lung in cm² or pixels, in ASCII; "not found" if the lung is None."""
    if lung is None:
        return "not found"
    if lung.area_mm2 is None:
        return f"{lung.area_px} px"
    return f"{lung.area_mm2 / _MM2_IN_CM2:.0f} cm2"
