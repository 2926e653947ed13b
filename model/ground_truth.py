"""A ground truth that was read: the lungs, and what was assumed to find them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import PleuraError

LUNG_VALUES = r"^\d{1,5}(,\d{1,5}){0,63}$"
"""Regular expression of the values of a mask that are lung, as users write them: ``1`` or ``1,2``."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was assumed about a mask, or looks wrong in it: a stable word for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The lungs that a file says are there.

    Attributes:
        mask: ``(H, W)`` bool.
        notes: what was assumed to read it, and what looks wrong; empty where there was no doubt.
    """

    mask: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()


def parse_lung_values(text: str) -> frozenset[int]:
    """The values that ``text`` such as ``1,2`` names.

    Raises:
        PleuraError: it does not match `LUNG_VALUES`.
    """
    compact = text.replace(" ", "")
    if re.fullmatch(LUNG_VALUES, compact) is None:
        raise PleuraError(f"The lung values {text} are not whole numbers: write them as 1 or as 1,2.")
    return frozenset(map(int, compact.split(",")))
