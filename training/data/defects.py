"""Image defects of given parameters, for degradation and augmentation alike.

`training.data.degradations` draws the parameters from NumPy's generators and works on uint8;
`training.data.augmentation` draws them from torch's random state and works on float32 in 0..1. Pixels
are ``(H, W)``.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray


class Opacity(NamedTuple):
    """An elliptical opacity on a coarse grid.

    Attributes:
        centre: column and row.
        axes: half lengths.
        angle: in degrees.
        value: what it adds to the image, which is in 0..1.
    """

    centre: tuple[int, int]
    axes: tuple[int, int]
    angle: float
    value: float


def compress_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return the image after JPEG compression; ``quality`` is in 1..100."""
    _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def reduce_resolution(
    pixels: NDArray[Any], size: tuple[int, int], *, interpolation: int = cv2.INTER_LINEAR
) -> NDArray[Any]:
    """Return the image reduced to ``size``, width and height in pixels, and enlarged again."""
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, pixels.shape[::-1], interpolation=interpolation))


def opacity_field(
    opacities: Iterable[Opacity], *, grid: tuple[int, int], sigma: float, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return what blurred opacities add to an image.

    Args:
        opacities: later ones replace earlier ones.
        grid: height and width of the grid that they are drawn on.
        sigma: of the blur, in grid cells.
        shape: of the image.

    Returns:
        The field ``shape``, for an image in 0..1.
    """
    field = np.zeros(grid, np.float32)
    for opacity in opacities:
        cv2.ellipse(field, opacity.centre, opacity.axes, opacity.angle, 0, 360, opacity.value, -1)
    field = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    return np.asarray(cv2.resize(field, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def displace(pixels: NDArray[Any], shifts: NDArray[np.float32], *, is_mask: bool) -> NDArray[Any]:
    """Return the image with each pixel taken from elsewhere.

    Args:
        pixels: an image, whose edge pixels are repeated outside, or a mask, with background outside.
        shifts: ``(H, W, 2)``, columns and rows in pixels from each pixel to its source.
        is_mask: take the nearest pixel instead of interpolating.
    """
    height, width = pixels.shape
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(
        pixels,
        columns + shifts[..., 0],
        rows + shifts[..., 1],
        cv2.INTER_NEAREST if is_mask else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT if is_mask else cv2.BORDER_REPLICATE,
    )
