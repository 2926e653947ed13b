"""The radiograph with the outlines of the lungs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ..look_up import look_up
from ..quality import Quality
from ..radiograph import Grey, Radiograph
from .colours import STRUCTURE_COLOURS
from .trust import png_with_trust

_DISPLAY_PERCENTILES = (0.5, 99.5)
_SIDES_IN_THICKNESS = 400


def overlay_png(
    radiograph: Radiograph,
    labels: NDArray[np.uint8],
    quality: Quality | None = None,
    checkpoint: str | None = None,
) -> bytes:
    """Return an RGB PNG of the radiograph with the outline of each lung and the heart.

    The grey values are windowed to 8 bits between two percentiles; pixels that were decoded at a reduced
    size are resized to the labels' size. The lines run along the lungs' outermost pixels; their thickness
    is a 400th of the image's longest side.

    Args:
        radiograph: The radiograph that was segmented.
        labels: ``(height, width)`` uint8 as of `Segmentation.structures`, at native size.
        quality: The mask's quality, for the PNG's text.
        checkpoint: The name of the checkpoint that made it, for the same.
    """
    _, encoded = cv2.imencode(".png", outlined(radiograph, labels))
    return png_with_trust(encoded, quality, checkpoint)


def outlined(radiograph: Radiograph, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the radiograph with the outlines of the structures; see `overlay_png`.

    Args:
        radiograph: The radiograph.
        labels: ``(height, width)`` uint8 as of `Segmentation.structures`, at native size.

    Returns:
        ``(height, width, 3)`` uint8, BGR.
    """
    height, width = labels.shape
    grey = window(radiograph.pixels)
    if grey.shape != labels.shape:
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    canvas = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    thickness = max(1, round(max(labels.shape) / _SIDES_IN_THICKNESS))
    for label, (red, green, blue) in STRUCTURE_COLOURS.items():
        outlines, _ = cv2.findContours(
            cv2.inRange(labels, label, label), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
        )
        cv2.drawContours(canvas, outlines, -1, (blue, green, red), thickness, cv2.LINE_AA)
    return canvas


def window(pixels: Grey) -> NDArray[np.uint8]:
    """Window pixels to 8 bits between the 0.5th and 99.5th percentile of the values.

    Args:
        pixels: ``(h, w)`` uint8 or uint16.

    Returns:
        ``(h, w)`` uint8.
    """
    step = max(1, round((pixels.size / 250_000) ** 0.5))
    low, high = np.percentile(pixels[::step, ::step], _DISPLAY_PERCENTILES)
    levels = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32)
    table: NDArray[np.uint8] = np.clip((levels - low) * (255 / max(high - low, 1)) + 0.5, 0, 255).astype(
        np.uint8
    )
    return look_up(table, pixels)
