"""The radiograph itself, as a screen can show it."""

import cv2

from ..quality import Quality
from ..radiograph import Radiograph
from .overlay import window
from .trust import png_with_trust


def radiograph_png(radiograph: Radiograph, quality: Quality | None = None) -> bytes:
    """Return the radiograph as it was read, as an 8-bit grey PNG; see `window` for black and white.

    The picture has the size of ``radiograph.pixels``, which is the native one unless it was read at a
    reduced size. ``quality`` is what is known of its mask, for the PNG's text.
    """
    _, encoded = cv2.imencode(".png", window(radiograph.pixels), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return png_with_trust(encoded, quality)
