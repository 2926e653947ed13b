"""Masks whose shape is in the alpha channel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import UnsuitableMask
from ...radiograph import Grey
from ..decoding import Decoded
from .colours import brightness
from .levels import levels_of

_AGREE = 0.98
"""IoU from which the shapes of colours and transparency are the same."""
_EQUAL = 0.01
"""The greatest standard deviation of one value after rounding."""
_LIKE = 16
"""The greatest standard deviation of one colour after lossy compression."""


def shape_is_in_alpha(stored: Decoded) -> bool:
    """Return whether only the transparency has a shape, and all visible pixels have one colour.

    Raises:
        UnsuitableMask: Transparency and colours have different shapes, or one colour is nowhere transparent.
    """
    alpha = stored.alpha
    # A uniform transparency has no shape.
    if alpha is None or alpha.min() == alpha.max():
        return False
    if alpha.min() > 0:
        if cv2.meanStdDev(stored.pixels)[1].max() > _EQUAL:
            return False
        raise UnsuitableMask(
            "The mask has one colour, and no pixel of it is wholly transparent, so there is no background: "
            "save it without transparency, 0 for background and 255 for lung."
        )
    opaque = np.asarray(alpha >= levels_of(alpha, lossy=False).least)
    if _agree(stored, opaque):
        return False
    _, deviations = cv2.meanStdDev(stored.pixels, mask=opaque.view(np.uint8))
    if deviations.max() <= (_LIKE if stored.lossy else _EQUAL):
        return True
    raise UnsuitableMask(
        "The mask's transparency and its colours draw different shapes, so neither is taken for the lungs: "
        "save it without transparency, 0 for background and 255 for lung."
    )


def _agree(stored: Decoded, opaque: NDArray[np.bool_]) -> bool:
    grey: Grey = brightness(stored.pixels)
    coloured = grey >= levels_of(grey, lossy=stored.lossy).least
    return bool(np.count_nonzero(coloured & opaque) >= _AGREE * np.count_nonzero(coloured | opaque))
