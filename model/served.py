"""Reading of images for segmentation, as serving and training do it."""

import math
from pathlib import Path
from typing import cast

import numpy as np

from .errors import UnsuitableImage
from .margins import picture_pixels, without_margins
from .radiograph import Grey, Radiograph
from .reading import MAX_PIXELS, read


def read_as_served(
    source: bytes | memoryview | Path, *, side: int, max_pixels: int = MAX_PIXELS
) -> Radiograph:
    """Read an image no finer than needed for ``side`` pixels a side inside its margins.

    Args:
        source: The bytes of an image file, or its path.
        side: Pixels that each side of the picture keeps at least, where the file has so many.
        max_pixels: The most pixels (width times height) that the header may declare.

    Raises:
        ImageError: The image cannot be read, is too large or is not suitable.
    """
    radiograph = without_margins(read(source, max_pixels=max_pixels, min_side=side))
    pixels = radiograph.pixels
    if radiograph.picture is None or pixels.shape[1] == radiograph.width:
        return radiograph
    shortest = min(picture_pixels(radiograph).shape)
    if shortest >= side:
        return radiograph
    finer = math.ceil(side * min(pixels.shape) / shortest)
    return without_margins(read(source, max_pixels=max_pixels, min_side=finer))


def radiograph_of(pixels: Grey) -> Radiograph:
    """Return a radiograph of grey pixels ``(H, W)`` uint8 or uint16.

    Raises:
        UnsuitableImage: The array has another shape or type.
    """
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16) or 0 in pixels.shape:
        raise UnsuitableImage(
            f"An array of shape {pixels.shape} and type {pixels.dtype} is not a radiograph. "
            "Pass grey pixels (H, W) as uint8 or uint16."
        )
    height, width = pixels.shape
    grey = cast(Grey, np.ascontiguousarray(pixels))
    return Radiograph(pixels=grey, format="array", width=width, height=height)
