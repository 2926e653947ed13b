"""Grey values: other exposures, detectors and storage formats."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..defects import add_noise, apply_gamma, clip_range, compress_jpeg, reduce_resolution
from .random import integer, uniform
from .tensors import ImageOnly


class RandomGamma(ImageOnly):
    """Raises pixels to a power between exp(-``spread``) and exp(``spread``)."""

    def __init__(self, spread: float) -> None:
        super().__init__()
        self.spread = spread

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        return np.asarray(apply_gamma(pixels, uniform(-self.spread, self.spread)), np.float32)


class RandomShading(ImageOnly):
    """Adds a brightness gradient: heel effect, scattered light, a photographed film."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        corners = np.array([[uniform(-1, 1), uniform(-1, 1)], [uniform(-1, 1), uniform(-1, 1)]], np.float32)
        field = cv2.resize(
            corners * np.float32(self.strength), pixels.shape[::-1], interpolation=cv2.INTER_LINEAR
        )
        return pixels * (1 + field)


class RandomSaturation(ImageOnly):
    """Clips up to ``most`` of the darkest and of the brightest pixels: under- and overexposure."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        low, high = np.quantile(pixels[::4, ::4], [uniform(0, self.most), 1 - uniform(0, self.most)])
        return np.asarray(clip_range(pixels, low, high), np.float32)


class RandomLocalContrast(ImageOnly):
    """Equalises contrast locally, as bedside systems do: CLAHE (Zuiderveld, 1994).

    Args:
        most: Highest clip limit; 1 changes almost nothing.
    """

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        tiles = 2 + integer(7)
        clahe = cv2.createCLAHE(clipLimit=uniform(1, self.most), tileGridSize=(tiles, tiles))
        grey = (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)
        return np.asarray(clahe.apply(grey), np.float32) / np.float32(255)


class RandomLowResolution(ImageOnly):
    """Reduces the resolution, as of a thumbnail or a phone's photograph."""

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        factor = uniform(0.25, 0.7)
        height, width = pixels.shape
        return reduce_resolution(pixels, (max(1, round(width * factor)), max(1, round(height * factor))))


class RandomNoise(ImageOnly):
    """Adds Gaussian noise of a standard deviation up to ``most``."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self.most = most

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        normal = torch.randn(pixels.shape).numpy()
        return np.asarray(add_noise(pixels, normal, uniform(0, self.most)), np.float32)


class RandomJPEG(ImageOnly):
    """Compresses to JPEG with a quality in the range."""

    def __init__(self, quality: tuple[int, int]) -> None:
        super().__init__()
        self.quality = quality

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        quality = self.quality[0] + integer(self.quality[1] - self.quality[0])
        compressed = compress_jpeg((pixels.clip(0, 1) * 255).astype(np.uint8), quality)
        return compressed.astype(np.float32) / np.float32(255)
