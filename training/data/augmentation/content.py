"""Objects over the lungs: opacities, devices, letters, bars at the edges."""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from ..defects import Opacity, add_opacities
from .random import integer, uniform
from .tensors import ImageOnly, Params


class RandomOpacities(ImageOnly):
    """Adds up to ``most`` blurred bright or dark patches: consolidation, effusion, bullae."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        side = pixels.shape[0]
        cells = side // 4
        patches = []
        for _ in range(1 + integer(self.most)):
            centre = (integer(cells), integer(cells))
            axes = (1 + int(side / 4 * uniform(0.03, 0.18)), 1 + int(side / 4 * uniform(0.03, 0.18)))
            patches.append(Opacity(centre, axes, uniform(0, 180), uniform(-0.25, 0.5)))
        sigma = side / 4 * uniform(0.015, 0.06)
        return np.asarray(
            add_opacities(pixels, patches, grid=(cells, cells), sigma=sigma, white=1), np.float32
        )


class RandomMarkings(ImageOnly):
    """Draws letters, arrows, cables, tubes and pacemaker-like boxes, bright or dark."""

    def change(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `ImageOnly`."""
        side = pixels.shape[0]
        for _ in range(1 + integer(4)):
            kind, value, width = integer(4), uniform(-0.2, 1.2), 1 + integer(max(1, side // 64))
            at = (integer(side), integer(side))
            if kind == 0:
                text = "".join(chr(integer(26) + ord("A")) for _ in range(1 + integer(6)))
                picture = np.zeros(pixels.shape, np.uint8)
                cv2.putText(
                    picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, side * uniform(0.0015, 0.006), 255, width
                )
                pixels = np.where(picture > 0, np.float32(value), pixels)
            elif kind == 1:
                cv2.arrowedLine(pixels, at, _near(at, side, 0.15), value, width, tipLength=0.4)
            elif kind == 2:
                points = _curve(at, side)
                line = np.zeros_like(pixels)
                cv2.polylines(line, [points], False, uniform(-0.3, 0.6), width, cv2.LINE_AA)
                pixels = pixels + line
            else:
                cv2.rectangle(pixels, at, _near(at, side, 0.12), value, -1 if uniform(0, 1) < 0.5 else width)
        return pixels


class RandomBorders(v2.Transform):
    """Draws flat bars at some edges, as from a collimator or a screenshot; the mask there becomes background.

    Args:
        widest: Largest width of a bar, as a share of the side.
    """

    def __init__(self, widest: float = 0.1) -> None:
        super().__init__()
        self.widest = widest

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        widths = [uniform(0.01, self.widest) if uniform(0, 1) < 0.5 else 0.0 for _ in range(4)]
        return {"widths": widths, "value": 0.0 if uniform(0, 1) < 0.75 else uniform(0, 1)}

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        pixels = inpt.numpy().copy()
        side = pixels.shape[-1]
        top, bottom, left, right = (round(width * side) for width in params["widths"])
        value = 0 if isinstance(inpt, tv_tensors.Mask) else params["value"]
        pixels[..., :top, :] = value
        pixels[..., side - bottom :, :] = value
        pixels[..., :left] = value
        pixels[..., side - right :] = value
        wrapped: Tensor = tv_tensors.wrap(torch.from_numpy(pixels), like=inpt)
        return wrapped


def _near(point: tuple[int, int], side: int, reach: float) -> tuple[int, int]:
    x, y = (coordinate + int(side * uniform(-reach, reach)) for coordinate in point)
    return x, y


def _curve(start: tuple[int, int], side: int) -> NDArray[np.int32]:
    """Return the points ``(64, 2)`` of a cubic Bézier curve, like a cable or a tube."""
    controls = np.array([start] + [[integer(side), integer(side)] for _ in range(3)], np.float64)
    t = np.linspace(0, 1, 64)[:, None]
    basis = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])  # (64, 4)
    return (basis @ controls).astype(np.int32)
