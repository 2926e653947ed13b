"""A mask as PNG."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..quality import Quality
from .trust import png_with_trust

_ONE_BIT = [
    cv2.IMWRITE_PNG_BILEVEL,
    1,
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    # Masks are runs of equal bytes. Set after the compression level, which resets the strategy.
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
]


def mask_png(mask: NDArray[np.bool_], quality: Quality | None = None) -> bytes:
    """Return a mask as a 1-bit greyscale PNG: 0 (black) is background and 1 (white) is lung.

    Args:
        mask: ``(h, w)`` bool.
        quality: The mask's quality, for the PNG's text.
    """
    _, encoded = cv2.imencode(".png", mask.view(np.uint8), _ONE_BIT)
    return png_with_trust(encoded, quality)
