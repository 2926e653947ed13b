"""Figures of a case: the radiograph, the true and the predicted mask, and their difference.

The true mask is yellow and the predicted one purple, as on the service's page. In the difference, missed
lung is yellow and false lung purple.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from model.metrics.gross_errors import GrossError
from model.metrics.overlap import resize_nearest
from model.writing.colours import MASK_COLOUR, TRUTH_COLOUR
from model.writing.overlay import window

from .evaluate import Images

Picture = NDArray[np.uint8]
_GAP = 4
_CAPTION = 24


def case_picture(
    images: Images, *, iou: float, gross_errors: Sequence[GrossError] = (), side: int = 320
) -> bytes:
    """Return a PNG of four panels: radiograph, true mask, predicted mask, difference.

    Args:
        images: The radiograph and its two masks.
        iou: The case's IoU, for the caption.
        gross_errors: They are boxed in the last panel.
        side: Longest side of a panel in pixels.
    """
    grey, truth, prediction = _small(images, side)
    panels = {
        "radiograph": grey,
        "truth": _plain(truth),
        "prediction": _plain(prediction),
        f"IoU {iou:.3f}": _boxed(_disagreement(grey, truth, prediction), gross_errors, images.truth.shape),
    }
    strip = _strip(list(panels.values()), bottom=_CAPTION)
    height, width = truth.shape
    for number, label in enumerate(panels):
        at = (number * (width + _GAP) + 6, height + 17)
        cv2.putText(strip, label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return cv2.imencode(".png", strip)[1].tobytes()


def case_overlays(images: Images, *, gross_errors: Sequence[GrossError] = (), side: int = 360) -> bytes:
    """Return a JPEG of three panels over the radiograph: true outline, predicted outline, difference.

    Args:
        images: The radiograph and its two masks.
        gross_errors: They are boxed in the last panel.
        side: Longest side of a panel in pixels.
    """
    grey, truth, prediction = _small(images, side)
    strip = _strip(
        [
            _outlined(grey, truth, TRUTH_COLOUR),
            _outlined(grey, prediction, MASK_COLOUR),
            _boxed(_disagreement(grey, truth, prediction), gross_errors, images.truth.shape),
        ]
    )
    return cv2.imencode(".jpg", strip, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _small(images: Images, side: int) -> tuple[Picture, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the radiograph ``(h, w, 3)`` and both masks ``(h, w)``, with a longest side of ``side``."""
    height, width = images.truth.shape
    scale = side / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    grey = cv2.resize(window(images.radiograph), (w, h), interpolation=cv2.INTER_AREA)
    truth, prediction = (
        resize_nearest(mask, width=w, height=h) for mask in (images.truth, images.prediction)
    )
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8), truth, prediction


def _plain(mask: NDArray[np.bool_]) -> Picture:
    return np.repeat((mask * np.uint8(255))[..., None], 3, axis=2)


def _outlined(picture: Picture, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> Picture:
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    # OpenCV's order of colours is blue, green, red.
    return np.asarray(cv2.drawContours(picture.copy(), outlines, -1, colour[::-1], 2, cv2.LINE_AA), np.uint8)


def _disagreement(picture: Picture, truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> Picture:
    dim = picture * np.float32(0.6)
    for differs, colour in ((truth & ~prediction, TRUTH_COLOUR), (prediction & ~truth, MASK_COLOUR)):
        dim[differs] = dim[differs] * np.float32(0.25) + np.array(colour[::-1], np.float32) * np.float32(0.75)
    return dim.astype(np.uint8)


def _boxed(picture: Picture, errors: Sequence[GrossError], shape: tuple[int, ...]) -> Picture:
    """Draw a box around each gross error; the errors' boxes are in pixels of an image of this shape."""
    scale = picture.shape[0] / shape[0]
    for error in errors:
        x, y, width, height = (round(value * scale) for value in error.box)
        cv2.rectangle(picture, (x - 3, y - 3), (x + width + 2, y + height + 2), (255, 255, 255), 1)
    return picture


def _strip(panels: list[Picture], *, bottom: int = 0) -> Picture:
    """Return the panels side by side, with black gaps between them."""
    padded = [
        cv2.copyMakeBorder(panel, 0, bottom, 0, 0 if number == len(panels) - 1 else _GAP, cv2.BORDER_CONSTANT)
        for number, panel in enumerate(panels)
    ]
    return np.asarray(np.hstack(padded), np.uint8)
