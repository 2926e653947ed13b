"""An overlay image of the disagreement between a mask and its ground truth."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from .colours import MASK_COLOUR, TRUTH_COLOUR

NEITHER, EXTRA, MISSED, BOTH = range(4)
"""The palette indices: lung in neither, in the mask only, in the ground truth only, in both."""

PALETTE = {
    NEITHER: (0, 0, 0, 0),
    EXTRA: (*MASK_COLOUR, 220),
    MISSED: (*TRUTH_COLOUR, 220),
    BOTH: (255, 255, 255, 56),
}
"""RGBA."""


def disagreement_png(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> bytes:
    """Return a palette PNG of four colours, transparent where neither mask is lung.

    Args:
        mask: ``(height, width)`` bool.
        truth: ``(height, width)`` bool, of the same size.
    """
    from PIL import Image

    height, width = mask.shape
    indices = mask.view(np.uint8) * np.uint8(EXTRA) + truth.view(np.uint8) * np.uint8(MISSED)
    picture = Image.frombytes("P", (width, height), indices.tobytes())
    picture.putpalette([level for colour in PALETTE.values() for level in colour[:3]])
    file = BytesIO()
    alphas = bytes(colour[3] for colour in PALETTE.values())
    picture.save(file, "PNG", bits=2, compress_level=1, transparency=alphas)
    return file.getvalue()
