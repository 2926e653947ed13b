"""Geometry, of image and mask alike: affine warp, perspective and elastic deformation."""

import math
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from ..defects import deform, warp
from .random import uniform
from .tensors import Params, like


class RandomWarp(v2.Transform):
    """Rotation, scale, aspect ratio, shear and shift in one affine warp to a square.

    Pixels outside the image are black, a random grey as in a screenshot, or those of the nearest edge.

    Args:
        size: Side of the square in pixels.
        degrees: Largest rotation either way.
        scale: Smallest and largest scale.
        aspect: Largest logarithm of the aspect ratio, either way.
        shear: Largest shear either way.
        shift: Largest shift either way, as a share of the side.
        smear: Probability that edge pixels are repeated outside the image.
        pale: Probability of a random grey outside the image.
    """

    def __init__(
        self,
        size: int,
        *,
        degrees: float = 12.0,
        scale: tuple[float, float] = (0.68, 1.25),
        aspect: float = 0.22,
        shear: float = 0.06,
        shift: float = 0.1,
        smear: float = 0.3,
        pale: float = 0.15,
    ) -> None:
        super().__init__()
        self.size, self.degrees, self.scale = size, degrees, scale
        self.aspect, self.shear, self.shift = aspect, shear, shift
        self.smear, self.pale = smear, pale

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        angle = math.radians(uniform(-self.degrees, self.degrees))
        scale = math.exp(uniform(math.log(self.scale[0]), math.log(self.scale[1])))
        stretch = math.exp(uniform(-self.aspect, self.aspect) / 2)
        rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        shear = np.array([[1, uniform(-self.shear, self.shear)], [0, 1]])
        linear = rotation @ shear @ np.diag([scale * stretch, scale / stretch])
        shift = np.array([uniform(-self.shift, self.shift) for _ in range(2)])
        return {
            "linear": linear,
            "shift": shift,
            "outside": uniform(0, 1) if uniform(0, 1) < self.pale else 0.0,
            "border": cv2.BORDER_REPLICATE if uniform(0, 1) < self.smear else cv2.BORDER_CONSTANT,
        }

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        is_mask = isinstance(inpt, tv_tensors.Mask)
        pixels = inpt.numpy() if is_mask else inpt[0].numpy()
        # Reducing by area first avoids aliasing; the margin of a half allows the warp to zoom in.
        room = round(self.size * 1.5)
        if not is_mask and min(pixels.shape) > room:
            pixels = cv2.resize(pixels, (room, room), interpolation=cv2.INTER_AREA)
        height, width = pixels.shape
        to_square = np.diag([self.size / width, self.size / height])
        linear = params["linear"] @ to_square
        centre = np.array([self.size, self.size]) / 2
        offset = centre + params["shift"] * self.size - linear @ (np.array([width, height]) / 2 - 0.5) - 0.5
        warped = warp(
            pixels,
            np.column_stack([linear, offset]),
            (self.size, self.size),
            is_mask=is_mask,
            border=params["border"],
            outside=params["outside"],
        )
        return like(inpt, warped)


class RandomProjection(v2.Transform):
    """A perspective, as of a body that is rotated or leans back (a lordotic view): one side appears larger.

    Args:
        strength: Largest difference; with 0.1, one edge is a tenth longer than the opposite one.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        return {"towards": [uniform(-self.strength, self.strength) for _ in range(2)]}

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        is_mask = isinstance(inpt, tv_tensors.Mask)
        pixels = inpt.numpy() if is_mask else inpt[0].numpy()
        height, width = pixels.shape
        centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
        x, y = (towards / side for towards, side in zip(params["towards"], (width, height), strict=True))
        matrix = np.linalg.inv(centred) @ np.array([[1, 0, 0], [0, 1, 0], [x, y, 1]]) @ centred
        projected = warp(pixels, matrix, (width, height), is_mask=is_mask, border=cv2.BORDER_REPLICATE)
        return like(inpt, projected)


class RandomElastic(v2.Transform):
    """Deforms the image by a smooth field, interpolated from a 5 by 5 grid of random shifts.

    Args:
        strength: Standard deviation of the shifts, as a share of the side.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        return {"shifts": torch.randn(5, 5, 2).numpy() * np.float32(self.strength)}

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        is_mask = isinstance(inpt, tv_tensors.Mask)
        pixels = inpt.numpy() if is_mask else inpt[0].numpy()
        return like(inpt, deform(pixels, params["shifts"], is_mask=is_mask))
