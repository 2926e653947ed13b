"""The network's probability of lung as an 8-bit PNG."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..quality import Quality
from .trust import png_with_trust


def probability_png(
    probabilities: NDArray[np.float32], quality: Quality | None = None, checkpoint: str | None = None
) -> bytes:
    """Return probabilities as an 8-bit grey PNG: 0 is probability 0, 255 is probability 1.

    Args:
        probabilities: ``(h, w)`` float32, 0 to 1.
        quality: The mask's quality, for the PNG's text.
        checkpoint: The name of the checkpoint that made it, for the same.
    """
    grey = np.rint(np.clip(probabilities, 0, 1) * 255).astype(np.uint8)
    _, encoded = cv2.imencode(".png", grey)
    return png_with_trust(encoded, quality, checkpoint)
