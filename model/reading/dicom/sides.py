"""The patient's right and left according to a DICOM header."""

from __future__ import annotations

from typing import NamedTuple

from pydicom import Dataset

from ...sides import Doubt, Edge, Side, Sides
from .dataset import text

_LATERAL_VIEWS = frozenset({"LL", "RL", "LAT", "LATERAL"})
_ONLY: dict[str, Side] = {"R": "right", "RIGHT": "right", "L": "left", "LEFT": "left"}


class _Direction(NamedTuple):
    """A direction with components towards the patient's left, back and head (PS3.3 C.7.6.2.1.1)."""

    left: float
    back: float
    head: float


_LETTERS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "H": (2, 1), "F": (2, -1)}


def patient_orientation(dataset: Dataset) -> tuple[str, str] | None:
    """Return Patient Orientation in capitals: the directions of the rows and of the columns.

    None if it is missing, or is not two different directions of a human body.
    """
    values = _values(dataset)
    if len(values) != 2 or not all(map(_is_direction, values)):
        return None
    row, column = values
    return None if _LETTERS[row[0]][0] == _LETTERS[column[0]][0] else (row, column)


def read_sides(dataset: Dataset) -> Sides:
    """Return the patient's right and left according to the header.

    Patient Orientation is used (PS3.3 C.7.6.1.1.1), or else the convention. Image Laterality, or else
    Laterality, gives the side of an image that shows one side. View Position identifies lateral views.
    """
    only = _ONLY.get((text(dataset, "ImageLaterality") or text(dataset, "Laterality")).upper())
    lateral = text(dataset, "ViewPosition").upper() in _LATERAL_VIEWS
    orientation = patient_orientation(dataset)
    if orientation is None:
        doubts: list[Doubt] = ["not_frontal"] if lateral else []
        if any(_values(dataset)):
            doubts.append("sides_uncertain")
        return Sides(only=only, doubts=tuple(doubts))
    row, column = map(_direction, orientation)
    # The viewer faces the patient, so the direction into the image is towards the back.
    into = _Direction(
        row.back * column.head - row.head * column.back,
        row.head * column.left - row.left * column.head,
        row.left * column.back - row.back * column.left,
    )
    doubts = ["not_frontal"] if lateral or abs(into.back) <= max(abs(into.left), abs(into.head)) else []
    if into.back < 0:
        doubts.append("mirrored")
    if _edge(row.head, column.head) not in ("top", None):
        doubts.append("rotated")
    left_at = _edge(row.left, column.left)
    if left_at is None:
        return Sides(only=only, doubts=tuple(doubts))
    return Sides(left_at=left_at, source="patient_orientation", only=only, doubts=tuple(doubts))


def _values(dataset: Dataset) -> list[str]:
    value = dataset.get("PatientOrientation")
    if value is None:
        return []
    return [str(one).strip().upper() for one in ([value] if isinstance(value, str) else value)]


def _is_direction(value: str) -> bool:
    """Return whether a value is one to three letters, each of another axis; the first is the main one."""
    axes = [_LETTERS[letter][0] for letter in value if letter in _LETTERS]
    return 1 <= len(value) == len(axes) == len(set(axes))


def _direction(value: str) -> _Direction:
    parts = [0.0, 0.0, 0.0]
    for rank, letter in enumerate(value):
        axis, sign = _LETTERS[letter]
        parts[axis] = sign * 0.5**rank
    return _Direction(*parts)


def _edge(along_row: float, along_column: float) -> Edge | None:
    """Return the edge of the image in a direction, from its components along the image's two axes."""
    if along_row == along_column == 0:
        return None
    if abs(along_row) >= abs(along_column):
        return "right" if along_row > 0 else "left"
    return "bottom" if along_column > 0 else "top"
