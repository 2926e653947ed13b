"""The radiograph as an 8-bit PNG."""

import cv2

from ..quality import Quality
from ..radiograph import Radiograph
from .overlay import window
from .trust import png_with_trust


def radiograph_png(
    radiograph: Radiograph, quality: Quality | None = None, checkpoint: str | None = None
) -> bytes:
    """Return the radiograph as an 8-bit grey PNG, windowed by `window`.

    The image has the size of ``radiograph.pixels``, the native size unless it was decoded at a reduced size.

    Args:
        radiograph: The radiograph.
        quality: The quality of its mask, for the PNG's text; None adds no text.
        checkpoint: The name of the checkpoint that made it, for the same.
    """
    _, encoded = cv2.imencode(".png", window(radiograph.pixels), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return png_with_trust(encoded, quality, checkpoint)
