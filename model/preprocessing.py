"""Conversion of grey pixels to the network's input and back to native size, for training and serving."""

from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .percentiles import percentiles_of_bytes
from .radiograph import Grey

Frame = tuple[slice, slice]
"""Rows and columns of the network's square that the image covers."""


_LEAST_DEVIATION = 1e-6

_CONTENT = (0.001, 0.999)
"""Quantiles of 16-bit pixels that become black and white, so that dead pixels or letters have no effect."""


def unit_range(pixels: Grey) -> NDArray[np.float32]:
    """Scale pixels to 0..1 by `grey_range`, with clipping.

    Args:
        pixels: ``(h, w)`` uint8 or uint16.

    Returns:
        ``(h, w)`` float32.
    """
    return _between(pixels, *grey_range(pixels))


def grey_range(pixels: Grey) -> tuple[int, int]:
    """Return the values of black and white: by the type for 8 bits, by the content for 16.

    Of the 16 bits of an image, 10 to 15 are usually in use.

    Args:
        pixels: ``(h, w)`` uint8 or uint16.
    """
    if pixels.dtype == np.uint8:
        return 0, 255
    counts = cv2.calcHist([pixels], [0], None, [2**16], [0, 2**16]).ravel().cumsum(dtype=np.float64)
    low, high = (int(np.searchsorted(counts, share * counts[-1])) for share in _CONTENT)
    return (low, high) if low < high else (int(pixels.min()), int(pixels.max()))


def _between(pixels: Grey, low: int, high: int) -> NDArray[np.float32]:
    values = pixels.astype(np.float32)
    values -= np.float32(low)
    values /= np.float32(max(high - low, 1))
    return values.clip(0, 1, out=values)


def _zscore(values: NDArray[np.float32], low: np.float64, high: np.float64) -> NDArray[np.float32]:
    """Clip values, which are overwritten, and scale them to mean 0 and standard deviation 1."""
    np.clip(values, low, high, out=values)
    values -= values.mean()
    # A uniform image becomes all zeros.
    values /= max(float(values.std()), _LEAST_DEVIATION)
    return values


class Preprocessing(BaseModel):
    """The preprocessing of a checkpoint.

    Attributes:
        input_size: Side S of the network's square input in pixels; a multiple of 32.
        resize: ``"stretch"`` fills the square, ``"letterbox"`` keeps the aspect ratio and pads.
        normalisation: ``"zscore"`` clips each image to the percentiles and scales it to mean 0 and standard
            deviation 1; ``"unit"`` scales to 0..1 as `unit_range` (8 bits as torchvision's ``ToTensor``).
        clip_percentiles: Low and high percentile for ``"zscore"``.
    """

    model_config = ConfigDict(frozen=True)

    input_size: int = 256
    resize: Literal["stretch", "letterbox"] = "stretch"
    normalisation: Literal["zscore", "unit"] = "zscore"
    clip_percentiles: tuple[float, float] = (1.0, 99.0)

    def apply(self, pixels: Grey) -> NDArray[np.float32]:
        """Make the network's input from grey pixels.

        Args:
            pixels: ``(h, w)`` uint8 or uint16.

        Returns:
            ``(S, S)`` float32.
        """
        height, width = pixels.shape
        rows, columns = self.frame(width=width, height=height)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        # From the image at full size, as in `unit_range`: resizing averages the extremes.
        limits = grey_range(pixels) if self.normalisation == "unit" else (0, int(np.iinfo(pixels.dtype).max))
        if size != (width, height):
            pixels = cast(Grey, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        values = _between(pixels, *limits)
        if self.normalisation == "zscore" and pixels.dtype == np.uint8:
            levels = _between(np.arange(256, dtype=np.uint8), *limits)
            grey = cast(NDArray[np.uint8], pixels)
            values = _zscore(values, *percentiles_of_bytes(grey, levels, self.clip_percentiles))
        else:
            values = self.normalise(values)
        if size == (self.input_size, self.input_size):
            return values
        padded = np.full((self.input_size, self.input_size), values.min(), np.float32)
        padded[rows, columns] = values
        return padded

    def normalise(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalise grey values to the range that the network was trained with.

        Args:
            values: ``(h, w)`` float32 in 0..1; they may be overwritten.

        Returns:
            ``(h, w)`` float32.
        """
        if self.normalisation == "unit":
            return values
        return _zscore(values, *np.percentile(values, self.clip_percentiles))

    def restore(self, square: NDArray[np.float32], *, width: int, height: int) -> NDArray[np.float32]:
        """Resize an array at the network's size to an image's size, bilinear.

        Args:
            square: ``(S, S)`` float32.
            width: Columns of the image.
            height: Rows of the image.

        Returns:
            ``(height, width)`` float32.
        """
        rows, columns = self.frame(width=width, height=height)
        return np.asarray(
            cv2.resize(square[rows, columns], (width, height), interpolation=cv2.INTER_LINEAR), np.float32
        )

    def frame(self, *, width: int, height: int) -> Frame:
        """Return the rows and columns of the network's square that an image of this size covers.

        Args:
            width: Columns of the image.
            height: Rows of the image.
        """
        side = self.input_size
        if self.resize == "stretch":
            return slice(0, side), slice(0, side)
        longest = max(width, height)
        w, h = max(1, round(width * side / longest)), max(1, round(height * side / longest))
        left, top = (side - w) // 2, (side - h) // 2
        return slice(top, top + h), slice(left, left + w)
