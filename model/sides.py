"""The sides of the patient in an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Edge = Literal["right", "left", "bottom", "top"]
Side = Literal["right", "left"]
SidesFrom = Literal["patient_orientation", "image_laterality", "convention"]
Doubt = Literal["mirrored", "rotated", "not_frontal", "sides_uncertain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Where the patient's right and left are in an image.

    The default is the convention for chest radiographs: the viewer faces the patient, whose left is on the
    image's right.

    Attributes:
        left_at: The edge of the image where the patient's left is.
        source: The source of ``left_at``.
        only: The one side of the patient that is shown, if the file says so.
        doubts: Statements of the file that a user should know: the image is mirrored, not upright or not a
            frontal view, or the statements contradict each other.
    """

    left_at: Edge = "right"
    source: Literal["patient_orientation", "convention"] = "convention"
    only: Side | None = None
    doubts: tuple[Doubt, ...] = ()


CONVENTION = Sides()
