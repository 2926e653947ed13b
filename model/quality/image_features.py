"""Image features: texture, grey values, and the contrast of the lungs with their surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

THUMBNAIL_SIDE = 20
"""Side of the thumbnails of `image_thumbnail` and `chest_thumbnail`, in pixels."""

_WORKING_SIDE = 128
_MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class ImageFeatures:
    """Features of the normalised image, without unit; grey values are in standard deviations of the image.

    Attributes:
        contrast: Mean grey around the lungs minus that inside; negative for inverted images.
        middle: Mean grey between the lungs minus that inside.
        bands: Log of the energy in four octaves, the finest first, relative to the whole.
        blackest, whitest: Share of pixels within a hundredth of the range from the minimum and the maximum.
        flat: Share of pixels with nearly uniform surroundings.
        skewness: Third standardised moment of the grey values.
        frame: Mean grey of the outermost twentieth.
        mirror: Correlation with the mirror image.
        turned: Correlation with the image upside down.
        slope: Mean grey of the upper half minus that of the lower half.
        edge: Mean gradient at the mask's outline relative to the mean of the whole image.
    """

    contrast: float
    middle: float
    bands: tuple[float, float, float, float]
    blackest: float
    whitest: float
    flat: float
    skewness: float
    frame: float
    mirror: float
    turned: float
    slope: float
    edge: float


def measure_image(image: NDArray[np.float32], labels: NDArray[np.uint8]) -> ImageFeatures:
    """Compute the features of an image with its labels.

    Args:
        image: ``(h, w)`` float32, the picture at the network's size.
        labels: ``(h, w)`` uint8 as of `label_lungs`.
    """
    size = (_WORKING_SIDE, _WORKING_SIDE)
    x = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    mask = cv2.resize((labels > 0).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT)
    mean, deviation = float(x.mean()), max(float(x.std()), 1e-6)
    x = (x - mean) / deviation

    bands = []
    level, finer = x, x
    for _ in range(4):
        level = np.asarray(cv2.pyrDown(finer), np.float32)
        detail = finer - cv2.resize(level, finer.shape[::-1], interpolation=cv2.INTER_LINEAR)
        bands.append(float(np.log10(cv2.norm(detail, cv2.NORM_L2SQR) / detail.size + 1e-5)))
        finer = level
    low, high = float(x.min()), float(x.max())
    near = 0.01 * (high - low)
    steep = cv2.morphologyEx(x, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    small = np.asarray(cv2.resize(x, (32, 32), interpolation=cv2.INTER_AREA), np.float32)
    rim = _WORKING_SIDE // 20
    centre = x[rim:-rim, rim:-rim]

    contrast = middle = edge = 0.0
    if mask.any():
        around = cv2.absdiff(cv2.dilate(mask, np.ones((13, 13), np.uint8)), mask)
        inner = cv2.mean(x, mask)[0]
        outline = cv2.absdiff(cv2.erode(mask, np.ones((3, 3), np.uint8)), mask)
        contrast = (cv2.mean(x, around)[0] if around.any() else 0.0) - inner
        edge = cv2.mean(steep, outline)[0] / (float(steep.mean()) + 1e-6)
        left, top, width, height = cv2.boundingRect(mask)
        fifth = np.s_[top : top + height, left + 2 * width // 5 : left + 3 * width // 5 + 1]
        empty = 1 - mask[fifth]
        middle = (cv2.mean(x[fifth], empty)[0] if empty.any() else 0.0) - inner
    return ImageFeatures(
        contrast=contrast,
        middle=middle,
        bands=(bands[0], bands[1], bands[2], bands[3]),
        blackest=float(np.count_nonzero(x <= low + near) / x.size),
        whitest=float(np.count_nonzero(x >= high - near) / x.size),
        flat=float(np.count_nonzero(steep < 0.02) / x.size),
        skewness=float((x * x * x).mean()),
        frame=float((x.sum() - centre.sum()) / (x.size - centre.size)),
        mirror=_correlation(small, small[:, ::-1]),
        turned=_correlation(small, small[::-1]),
        slope=float(x[: _WORKING_SIDE // 2].mean() - x[_WORKING_SIDE // 2 :].mean()),
        edge=edge,
    )


def image_thumbnail(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a thumbnail of the image ``(h, w)``, `THUMBNAIL_SIDE` squared, z-scored and flattened."""
    small = cv2.resize(image, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)
    values = np.asarray(small - np.mean(small), np.float32).ravel()
    return values / np.float32(max(float(values.std()), 1e-6))


def chest_thumbnail(image: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a thumbnail of the lungs' box with a margin; without lungs, of the image.

    Args:
        image: ``(h, w)`` float32, the picture at the network's size.
        labels: ``(h, w)`` uint8 as of `label_lungs`.

    Returns:
        As of `image_thumbnail`, ``(D,)`` float32.
    """
    height, width = labels.shape
    left, top, w, h = cv2.boundingRect((labels > 0).astype(np.uint8))
    if not w:
        return image_thumbnail(image)
    dx, dy = round(_MARGIN * w), round(_MARGIN * h)
    rows = slice(max(0, top - dy), min(height, top + h + dy))
    columns = slice(max(0, left - dx), min(width, left + w + dx))
    return image_thumbnail(np.ascontiguousarray(image[rows, columns]))


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / scale) if scale > 1e-6 else 0.0
