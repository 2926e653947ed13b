"""Anatomy beyond the training set: large hearts, effusions, breasts, shoulder blades."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from ..defects import blend
from .random import integer, uniform
from .tensors import Params, like

_LUNG, _HEART = 1, 2
_LEAST = 0.01
"""Smallest share of the image that the lungs must cover for anatomy to be placed by them."""


class WithLungs(v2.Transform):
    """A transform whose parameters depend on the lungs; an image with almost no lung is left as it is."""

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        mask = next(item for item in flat_inputs if isinstance(item, tv_tensors.Mask)).numpy()
        image = next(item for item in flat_inputs if isinstance(item, tv_tensors.Image)).numpy()[0]
        if np.count_nonzero(mask == _LUNG) < _LEAST * mask.size:
            return {}
        return self.draw(image, mask)

    def draw(self, image: NDArray[np.float32], mask: NDArray[np.uint8]) -> Params:
        """Return the parameters of the transform for one image.

        Args:
            image: ``(H, W)`` float32 in 0..1.
            mask: ``(H, W)`` uint8, the classes of its pixels.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError


class Whitening(WithLungs):
    """Brightens pixels towards a grey by a field ``(H, W)`` in 0..1; the mask is left as it is."""

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        if not params or not isinstance(inpt, tv_tensors.Image):
            return inpt
        pixels = inpt[0].numpy()
        return like(inpt, blend(pixels, params["grey"], params["field"], darken=False))


class RandomEffusion(Whitening):
    """Adds fluid at the base of one lung with a concave upper border, or whitens the whole lung.

    The lung stays in the mask.

    Args:
        strength: Largest opacity of the fluid, 0..1.
        whole: Probability that the whole lung is white.
    """

    def __init__(self, strength: float = 1.0, *, whole: float = 0.25) -> None:
        super().__init__()
        self.strength, self.whole = strength, whole

    def draw(self, image: NDArray[np.float32], mask: NDArray[np.uint8]) -> Params:
        """See `WithLungs`."""
        side = mask.shape[0]
        lung = _one_side(mask == _LUNG)
        rows, columns = np.flatnonzero(lung.any(axis=1)), np.flatnonzero(lung.any(axis=0))
        height = rows[-1] - rows[0] + 1
        white = uniform(0, 1) < self.whole
        level = rows[0] - side if white else rows[-1] - int(height * uniform(0.1, 0.7))
        lateral = columns[0] if columns.mean() < mask.shape[1] / 2 else columns[-1]
        away = np.abs(np.arange(mask.shape[1]) - lateral) / max(1, np.ptp(columns))
        surface = level + height * uniform(0, 0.25) * np.minimum(away, 1)
        fluid = np.arange(side)[:, None] >= surface
        reach = _grown(lung, side * uniform(0.005, 0.03))
        field = (fluid & reach).astype(np.float32)
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), side * uniform(0.006, 0.03)), np.float32)
        return {
            "field": field * np.float32(self.strength * uniform(0.6, 1)),
            "grey": _soft_tissue(image, mask),
        }


class RandomBreasts(Whitening):
    """Adds two round shadows over the lower lungs that end in an arc below.

    Args:
        strength: Largest opacity of the shadows, 0..1.
    """

    def __init__(self, strength: float = 0.6) -> None:
        super().__init__()
        self.strength = strength

    def draw(self, image: NDArray[np.float32], mask: NDArray[np.uint8]) -> Params:
        """See `WithLungs`."""
        left, top, width, height = _box(mask == _LUNG)
        field = np.zeros(mask.shape, np.float32)
        size, drop = uniform(0.2, 0.34), uniform(0.55, 0.95)
        for across in (0.22, 0.78):
            centre = (
                int(left + width * (across + uniform(-0.05, 0.05))),
                int(top + height * (drop + uniform(-0.08, 0.08))),
            )
            axes = (int(width * size * uniform(0.8, 1.1)), int(height * size * uniform(0.8, 1.3)))
            shadow = np.zeros(mask.shape, np.float32)
            cv2.ellipse(shadow, centre, axes, 0, 0, 360, 1.0, -1)
            above = (np.arange(mask.shape[0])[:, None] - (centre[1] - axes[1])) / max(1, 2 * axes[1])
            field = np.maximum(field, shadow * above.clip(0, 1).astype(np.float32))
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), mask.shape[0] * uniform(0.002, 0.012)), np.float32)
        return {
            "field": field * np.float32(self.strength * uniform(0.3, 1)),
            "grey": _soft_tissue(image, mask),
        }


class RandomScapulae(Whitening):
    """Adds shoulder blades over the upper outer lungs, with a straight medial border.

    Args:
        strength: Largest opacity of the bones, 0..1.
    """

    def __init__(self, strength: float = 0.6) -> None:
        super().__init__()
        self.strength = strength

    def draw(self, image: NDArray[np.float32], mask: NDArray[np.uint8]) -> Params:
        """See `WithLungs`."""
        left, top, width, height = _box(mask == _LUNG)
        field = np.zeros(mask.shape, np.float32)
        for inwards, edge in ((1, left), (-1, left + width)):
            reach, tilt = width * uniform(-0.02, 0.16), width * uniform(-0.05, 0.08)
            upper, lower = top + height * uniform(-0.1, 0.15), top + height * uniform(0.45, 0.7)
            outwards = edge - inwards * width * uniform(0.1, 0.25)
            corners = [
                (edge + inwards * (reach + tilt), upper),
                (edge + inwards * (reach - tilt), lower),
                (outwards, (upper + 2 * lower) / 3),
                (outwards, upper),
            ]
            cv2.fillPoly(field, [np.array(corners).round().astype(np.int32)], uniform(0.6, 1), cv2.LINE_AA)
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), mask.shape[0] * uniform(0.003, 0.01)), np.float32)
        return {
            "field": field * np.float32(self.strength * uniform(0.3, 1)),
            "grey": _soft_tissue(image, mask),
        }


class RandomLargeHeart(WithLungs):
    """Widens the heart and displaces the lungs beside it outwards, in image and mask alike.

    The heart is located by its mask, or else assumed between the lower halves of the lungs.

    Args:
        strength: Largest displacement of the heart's border, as a share of the lungs' width.
    """

    def __init__(self, strength: float = 0.1) -> None:
        super().__init__()
        self.strength = strength

    def draw(self, image: NDArray[np.float32], mask: NDArray[np.uint8]) -> Params:
        """See `WithLungs`."""
        left, top, width, height = _box(mask == _LUNG)
        heart = np.argwhere(mask == _HEART)
        y, x = heart.mean(axis=0) if len(heart) else (top + 0.7 * height, left + width * uniform(0.5, 0.56))
        radius = width * uniform(0.2, 0.3)
        rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
        away = np.exp(-(((columns - x) / (1.6 * radius)) ** 2 + ((rows - y) / (1.3 * radius)) ** 2))
        moved = width * uniform(0.2, 1) * self.strength
        shift = np.tanh((columns - x) / (0.5 * radius)) * away * moved
        return {"x": (columns - shift).astype(np.float32), "y": rows}

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        if not params:
            return inpt
        is_mask = isinstance(inpt, tv_tensors.Mask)
        pixels = inpt.numpy() if is_mask else inpt[0].numpy()
        way = cv2.INTER_NEAREST if is_mask else cv2.INTER_LINEAR
        return like(inpt, cv2.remap(pixels, params["x"], params["y"], way, borderMode=cv2.BORDER_REPLICATE))


def _one_side(lung: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the lung left or right of the middle of both, at random."""
    columns = np.flatnonzero(lung.any(axis=0))
    half = np.zeros_like(lung)
    middle = (columns[0] + columns[-1]) // 2
    if uniform(0, 1) < 0.5:
        half[:, : middle + 1] = True
    else:
        half[:, middle:] = True
    return lung & half


def _box(lung: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the bounding box."""
    left, top, width, height = cv2.boundingRect(lung.view(np.uint8))
    return left, top, width, height


def _grown(lung: NDArray[np.bool_], by: float) -> NDArray[np.bool_]:
    size = 2 * max(1, round(by)) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.dilate(lung.view(np.uint8), disk) > 0


def _soft_tissue(image: NDArray[np.float32], mask: NDArray[np.uint8]) -> np.float32:
    """Return a grey of heart or abdomen: a high percentile of the greys in the lungs' bounding box."""
    beside = _box(mask == _LUNG)
    window = image[beside[1] : beside[1] + beside[3], beside[0] : beside[0] + beside[2]]
    return np.float32(np.percentile(window, 70 + integer(29)))
