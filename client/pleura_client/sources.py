"""Conversion of images and masks, as files or arrays, to the bytes that are sent."""

from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidArgument
from .png import grey_png

File: TypeAlias = str | PathLike[str] | bytes | bytearray | memoryview
"""A path, or a file's bytes."""

Source: TypeAlias = File | NDArray[Any]
"""A file or an array."""


_HIGHEST = 65535


def image_bytes(source: Source) -> bytes:
    """Return the bytes of an image file.

    Args:
        source: A path, the bytes of a file, or grey pixels ``(height, width)``, uint8 or uint16, bright
            where dense; an array is sent as a PNG of the same values.

    Raises:
        InvalidArgument: The file cannot be read, or the array has another shape or dtype.
    """
    if not isinstance(source, np.ndarray):
        return file_bytes(source)
    # Either byte order.
    is_grey = source.ndim == 2 and source.dtype.kind == "u" and source.dtype.itemsize <= 2
    if not is_grey or not source.size:
        raise InvalidArgument(
            f"Give a radiograph as grey pixels (height, width), uint8 or uint16, not {_described(source)}."
        )
    return grey_png(source)


def mask_bytes(source: Source) -> bytes:
    """Return the bytes of a mask file.

    Args:
        source: A path, the bytes of a file, or an array ``(height, width)``: bool, integers from 0 to
            65535, which are sent unchanged, or fractions from 0 to 1.

    Raises:
        InvalidArgument: The file cannot be read, or the array is not a mask.
    """
    if not isinstance(source, np.ndarray):
        return file_bytes(source)
    if source.ndim != 2 or not source.size:
        raise InvalidArgument(f"Give a mask as an array (height, width), not {_described(source)}.")
    if source.dtype.kind not in "buif":
        raise InvalidArgument(f"Give a mask of numbers, not {_described(source)}.")
    low, high = source.min(), source.max()
    whole = source.dtype.kind != "f" or bool((source == np.floor(source)).all())
    if whole and low >= 0 and high <= _HIGHEST:
        values = np.where(source, 255, 0) if source.dtype.kind == "b" else source
        return grey_png(values.astype(np.uint8) if high < 256 else values.astype(np.uint16))
    if low >= 0 and high <= 1:
        return grey_png(np.rint(source * 255).astype(np.uint8))
    raise InvalidArgument(
        f"Give a mask of integers from 0 to {_HIGHEST} or of fractions from 0 to 1, not {low:g} to {high:g}."
    )


def file_bytes(source: File) -> bytes:
    """Return the bytes of a file.

    Raises:
        InvalidArgument: The file cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not isinstance(source, str | PathLike):
        raise InvalidArgument(f"Give a path, a file's bytes or a NumPy array, not {type(source).__name__}.")
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidArgument(f"The file {source} cannot be read ({reason}): check the path.") from None


def _described(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"
