"""Grey pixels to network input, and the way back to native size. Training and serving share this code."""

from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .radiograph import Grey

Frame = tuple[slice, slice]
"""Rows and columns of the network's square that the image covers."""


class Preprocessing(BaseModel):
    """How pixels become the network's input; a checkpoint carries its own.

    Attributes:
        input_size: side S of the square that the network sees, in pixels; a multiple of 32.
        resize: ``"stretch"`` fills the square, ``"letterbox"`` keeps the aspect ratio and pads.
        normalisation: ``"zscore"`` clips to the percentiles, then makes mean 0 and standard deviation 1 for each image;
            ``"unit"`` scales the range of the type to 0..1, as torchvision's ``ToTensor``.
        clip_percentiles: low and high percentile for ``"zscore"``.
    """

    model_config = ConfigDict(frozen=True)

    input_size: int = 256
    resize: Literal["stretch", "letterbox"] = "stretch"
    normalisation: Literal["zscore", "unit"] = "zscore"
    clip_percentiles: tuple[float, float] = (1.0, 99.0)

    def apply(self, pixels: Grey) -> NDArray[np.float32]:
        """``(h, w)`` uint8 or uint16 to ``(S, S)`` float32."""
        height, width = pixels.shape
        rows, columns = self.frame(width=width, height=height)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        if size != (width, height):
            pixels = cast(Grey, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        values = self.normalise(pixels)
        if size == (self.input_size, self.input_size):
            return values
        padded = np.full((self.input_size, self.input_size), values.min(), np.float32)
        padded[rows, columns] = values
        return padded

    def normalise(self, pixels: Grey) -> NDArray[np.float32]:
        """``(h, w)`` uint8 or uint16 to float32 of the same shape."""
        values = pixels.astype(np.float32)
        if self.normalisation == "unit":
            return values / np.float32(np.iinfo(pixels.dtype).max)
        low, high = np.percentile(values, self.clip_percentiles)
        np.clip(values, low, high, out=values)
        values -= values.mean()
        # A flat image has no deviation: it becomes all zeros.
        values /= max(float(values.std()), 1e-6 * np.iinfo(pixels.dtype).max)
        return values

    def restore(self, square: NDArray[np.float32], *, width: int, height: int) -> NDArray[np.float32]:
        """``(S, S)`` at the network's size to ``(height, width)`` at the image's, bilinear."""
        rows, columns = self.frame(width=width, height=height)
        return np.asarray(
            cv2.resize(square[rows, columns], (width, height), interpolation=cv2.INTER_LINEAR), np.float32
        )

    def frame(self, *, width: int, height: int) -> Frame:
        """Where an image of this size lies in the network's square."""
        side = self.input_size
        if self.resize == "stretch":
            return slice(0, side), slice(0, side)
        longest = max(width, height)
        w, h = max(1, round(width * side / longest)), max(1, round(height * side / longest))
        left, top = (side - w) // 2, (side - h) // 2
        return slice(top, top + h), slice(left, left + w)
