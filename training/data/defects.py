"""Image defects of given parameters, for degradation and augmentation alike.

`training.data.degradations` draws the parameters from NumPy's generators and works on uint8;
`training.data.augmentation` draws them from torch's random state and works on float32 in 0..1. Pixels
are ``(H, W)``. What is not in 0..255 or 0..1 afterwards is clipped by the caller.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]


class Opacity(NamedTuple):
    """An elliptical opacity on a coarse grid.

    Attributes:
        centre: Column and row.
        axes: Half lengths.
        angle: In degrees.
        value: What it adds to the image, which is in 0..1.
    """

    centre: tuple[int, int]
    axes: tuple[int, int]
    angle: float
    value: float


def apply_gamma(pixels: Float, log_gamma: float) -> Float:
    """Return pixels in 0..1 to the power of exp(``log_gamma``): negative is brighter, 0 is unchanged.

    Args:
        pixels: Floats in 0..1, of any shape. Interpolation and inversion can make them negative by a
            rounding error, whose power would be NaN; they count as 0.
        log_gamma: Natural logarithm of the exponent.
    """
    return np.power(np.maximum(pixels, 0), pixels.dtype.type(math.exp(log_gamma)))


def clip_range(pixels: Float, low: float, high: float) -> Float:
    """Map a range of values to 0..1: under- and overexposure.

    Args:
        pixels: Floats of any shape.
        low: The value that becomes 0.
        high: The value that becomes 1. It is taken to be at least 0.1 more than ``low``, which limits the
            contrast.

    Returns:
        Of the same shape, not clipped.
    """
    return np.asarray((pixels - low) / max(high - low, 0.1))


def add_noise(pixels: NDArray[Any], normal: Float, sigma: float) -> Float:
    """Return the image with Gaussian noise.

    Args:
        pixels: The image.
        normal: Standard normal values ``(h, w)``; coarser than the image for a coarse grain.
        sigma: Standard deviation of the noise, in grey values of the image.
    """
    grain = normal * normal.dtype.type(sigma)
    return np.asarray(pixels + cv2.resize(grain, pixels.shape[::-1], interpolation=cv2.INTER_NEAREST))


def blend(
    pixels: NDArray[Any], grey: float | Float, opacity: Float, *, lighten: bool = True, darken: bool = True
) -> Float:
    """Return the image blended with a grey: a white lung, a breast, gas.

    Args:
        pixels: The image.
        grey: That full opacity leads to, one for all pixels or ``(H, W)``.
        opacity: ``(H, W)`` in 0..1.
        lighten: Change pixels that are darker than the grey.
        darken: Change pixels that are brighter than the grey.
    """
    change = grey - pixels
    change = change if lighten else np.minimum(change, 0)
    change = change if darken else np.maximum(change, 0)
    return np.asarray(pixels + opacity * change)


def compress_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return the image after JPEG compression.

    Args:
        pixels: ``(H, W)`` uint8.
        quality: 1 to 100.

    Returns:
        ``(H, W)`` uint8.
    """
    _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def reduce_resolution(
    pixels: NDArray[Any], size: tuple[int, int], *, interpolation: int = cv2.INTER_LINEAR
) -> NDArray[Any]:
    """Return the image reduced in size and enlarged again.

    Args:
        pixels: ``(H, W)``.
        size: Width and height of the reduced image in pixels.
        interpolation: OpenCV's flag for the enlargement.

    Returns:
        ``(H, W)`` of the same dtype.
    """
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, pixels.shape[::-1], interpolation=interpolation))


def add_opacities(
    pixels: NDArray[Any], opacities: Iterable[Opacity], *, grid: tuple[int, int], sigma: float, white: float
) -> Float:
    """Return the image with blurred opacities.

    Args:
        pixels: The image.
        opacities: Later ones replace earlier ones.
        grid: Height and width of the grid that they are drawn on.
        sigma: Of the blur, in grid cells.
        white: The image's largest grey value, 1 or 255.
    """
    field = np.zeros(grid, np.float32)
    for opacity in opacities:
        cv2.ellipse(field, opacity.centre, opacity.axes, opacity.angle, 0, 360, opacity.value, -1)
    field = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    return np.asarray(pixels + white * cv2.resize(field, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR))


def warp(
    pixels: NDArray[Any],
    matrix: NDArray[np.float64],
    size: tuple[int, int],
    *,
    is_mask: bool,
    border: int = cv2.BORDER_CONSTANT,
    outside: float = 0.0,
) -> NDArray[Any]:
    """Return an affine or perspective view of an image or a mask.

    Args:
        pixels: An image, or a mask, which takes the nearest pixel and has background outside.
        matrix: ``(2, 3)`` affine or ``(3, 3)`` perspective, from the pixels to the view.
        size: Width and height of the view in pixels.
        is_mask: Whether ``pixels`` are a mask.
        border: OpenCV's mode for what is outside the image.
        outside: The grey there, where ``border`` is constant.

    Returns:
        ``(height, width)`` of ``size``, of the same dtype.
    """
    way = cv2.warpAffine if len(matrix) == 2 else cv2.warpPerspective
    view = way(
        pixels,
        matrix,
        size,
        flags=cv2.INTER_NEAREST if is_mask else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT if is_mask else border,
        borderValue=0 if is_mask else outside,
    )
    return np.asarray(view)


def deform(pixels: NDArray[Any], shifts: NDArray[np.float32], *, is_mask: bool) -> NDArray[Any]:
    """Return an image or a mask, elastically deformed.

    torchvision's `ElasticTransform` does the same with a full-size field, a hundred times slower.

    Args:
        pixels: An image, whose edge pixels are repeated outside, or a mask, which takes the nearest pixel
            and has background outside.
        shifts: ``(h, w, 2)`` on a coarse grid, from each place to its source, to the right and downwards,
            as shares of the width and the height.
        is_mask: Whether ``pixels`` are a mask.

    Returns:
        Of the size and dtype of ``pixels``.
    """
    height, width = pixels.shape
    in_pixels = shifts * np.array([width, height], np.float32)
    field = cv2.resize(in_pixels, (width, height), interpolation=cv2.INTER_CUBIC)
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(
        pixels,
        columns + field[..., 0],
        rows + field[..., 1],
        cv2.INTER_NEAREST if is_mask else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT if is_mask else cv2.BORDER_REPLICATE,
    )
