"""Warnings about the right and left side of a mask."""

from collections.abc import Iterable

from ..sides import Doubt
from .result import Warning

_MESSAGES: dict[Doubt, str] = {
    "mirrored": "The file says that the image is mirrored: right and left follow the file, so check them.",
    "rotated": "The file says that the patient's head is not at the top: turn the image upright, or "
    "correct PatientOrientation.",
    "not_frontal": "The file says that this is not a frontal view: right and left lung cannot be told "
    "apart reliably.",
    "sides_uncertain": "The file's statements on right and left contradict each other or the image: check "
    "the sides.",
}


def side_warnings(doubts: Iterable[Doubt]) -> tuple[Warning, ...]:
    """Return warnings for doubts about right and left."""
    return tuple(Warning(doubt, _MESSAGES[doubt]) for doubt in doubts)
