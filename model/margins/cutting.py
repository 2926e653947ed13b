"""Cutting the margins off a radiograph, and putting results back into the whole image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ..radiograph import Box, Grey, Radiograph
from .picture import find_picture

Pixel = TypeVar("Pixel", bound=np.generic)
Array = TypeVar("Array", bound=NDArray[Any])


def without_margins(radiograph: Radiograph) -> Radiograph:
    """Set a radiograph's ``picture``, and add to ``applied``; the pixels do not change."""
    if radiograph.picture is not None:
        return radiograph
    box = find_picture(radiograph.pixels)
    if box is None:
        return radiograph
    by_row, by_column = _steps(radiograph)
    x, y, width, height = box
    left, top = round(x * by_column), round(y * by_row)
    right, bottom = round((x + width) * by_column), round((y + height) * by_row)
    return replace(
        radiograph,
        picture=(left, top, right - left, bottom - top),
        applied=(*radiograph.applied, "margins_cut"),
    )


def picture_box(radiograph: Radiograph) -> Box:
    """Return the box of the picture, or of the whole image if nothing is cut."""
    return radiograph.picture or (0, 0, radiograph.width, radiograph.height)


def picture_pixels(radiograph: Radiograph) -> Grey:
    """Return the pixels within the margins, ``(h, w)`` of the radiograph's dtype; a view."""
    if radiograph.picture is None:
        return radiograph.pixels
    by_row, by_column = _steps(radiograph)
    x, y, width, height = radiograph.picture
    left, top = round(x / by_column), round(y / by_row)
    right, bottom = round((x + width) / by_column), round((y + height) / by_row)
    return radiograph.pixels[top:bottom, left:right]


def put_back(picture: NDArray[Pixel], radiograph: Radiograph) -> NDArray[Pixel]:
    """Pad an array of the picture's native size with zeros to the image's size.

    Args:
        picture: ``(h, w)`` of any dtype.
        radiograph: The radiograph that the picture is in.

    Returns:
        ``(height, width)`` of the same dtype; ``picture`` itself if no margins were cut off.
    """
    if radiograph.picture is None:
        return picture
    x, y, width, height = radiograph.picture
    whole = np.zeros((radiograph.height, radiograph.width), picture.dtype)
    whole[y : y + height, x : x + width] = picture
    return whole


def crop(array: Array, box: Box | None) -> Array:
    """Return the part of an array that is in a box.

    Args:
        array: ``(H, W)`` or ``(H, W, …)``.
        box: X, y, width, height in pixels; None means all.

    Returns:
        A view ``(height, width)`` or ``(height, width, …)``.
    """
    if box is None:
        return array
    x, y, width, height = box
    return cast(Array, array[y : y + height, x : x + width])


def _steps(radiograph: Radiograph) -> tuple[float, float]:
    """Return the native rows and columns per decoded row and column."""
    rows, columns = radiograph.pixels.shape
    return radiograph.height / rows, radiograph.width / columns
