"""The radiograph itself, as a screen can show it."""

import cv2

from ..radiograph import Radiograph
from .overlay import window


def radiograph_png(radiograph: Radiograph) -> bytes:
    """The radiograph as it was read, as an 8-bit grey PNG; see `window` for black and white.

    The picture has the size of ``radiograph.pixels``, which is the native one unless it was read at a reduced size.
    """
    _, encoded = cv2.imencode(".png", window(radiograph.pixels), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return encoded.tobytes()
