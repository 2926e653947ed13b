"""Which edge of a picture is the patient's left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Edge = Literal["right", "left", "bottom", "top"]
Side = Literal["right", "left"]
SidesFrom = Literal["patient_orientation", "image_laterality", "convention"]
Doubt = Literal["mirrored", "rotated", "not_frontal", "sides_uncertain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Where the patient's right and left are in a picture.

    The default is the convention for chest radiographs: seen as if facing the patient, whose left is on the picture's right.

    Attributes:
        left_at: the edge of the picture that the patient's left is at.
        source: where ``left_at`` comes from.
        only: the one side of the patient that is shown, where the file says so.
        doubts: what the file says that a user should know: the picture is mirrored, not upright or not a frontal view, or the file's
            statement makes no sense.
    """

    left_at: Edge = "right"
    source: Literal["patient_orientation", "convention"] = "convention"
    only: Side | None = None
    doubts: tuple[Doubt, ...] = ()


CONVENTION = Sides()
