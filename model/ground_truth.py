"""The ground truth of a radiograph: the lungs, and the assumptions made in reading them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import PleuraError

LUNG_VALUES = r"^\d{1,5}(,\d{1,5}){0,63}$"
"""Regular expression of a list of mask values that are lung, as users write it: ``1`` or ``1,2``."""


@dataclass(frozen=True, slots=True)
class Note:
    """An assumption about a mask, or a possible fault in it.

    Attributes:
        code: Stable, for programs.
        message: A sentence for people.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The lungs in a mask file.

    Attributes:
        mask: ``(H, W)`` bool.
        notes: Assumptions that were made and possible faults; empty if there was no doubt.
    """

    mask: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()


def parse_lung_values(text: str) -> frozenset[int]:
    """Parse a list of values such as ``1,2``.

    Raises:
        PleuraError: The text does not match `LUNG_VALUES`.
    """
    compact = text.replace(" ", "")
    if re.fullmatch(LUNG_VALUES, compact) is None:
        raise PleuraError(f"The lung values {text} are not whole numbers. Write them as 1 or as 1,2.")
    return frozenset(map(int, compact.split(",")))
