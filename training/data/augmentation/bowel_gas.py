"""Synthetic gas in stomach and colon, below the diaphragm and along the flanks."""

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

Points = NDArray[np.float64]


class RandomBowelGas(v2.Transform):
    """Adds loops of gas below a lung, with folds and fluid levels, in the grey and texture of the lungs.

    Networks mistake gas for lung where it is as dark as lung. The gas darkens and never brightens; the
    mask is left as it is. An image whose mask shows no lung is left as it is.

    Args:
        strength: Largest opacity of the gas, 0..1.
    """

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__()
        self.strength = strength

    def make_params(self, flat_inputs: list[Any]) -> Params:
        """See `v2.Transform`."""
        lung = next(item for item in flat_inputs if isinstance(item, tv_tensors.Mask)).numpy() == 1
        image = next(item for item in flat_inputs if isinstance(item, tv_tensors.Image)).numpy()[0]
        columns = np.flatnonzero(lung.any(axis=0))
        if not len(columns):
            return {"gas": None, "fill": None}
        side = lung.shape[0]
        bottom = side - 1 - lung[::-1].argmax(axis=0)
        column = int(columns[integer(len(columns))])
        start = np.array([column, bottom[column]], np.float64)
        if uniform(0, 1) < 0.25:
            centres, radii = _stomach(start, side)
        else:
            centres, radii = _loops(start, np.array([columns[0], columns[-1]]), bottom, side)
        gas = _draw(centres, radii, lung.shape)
        gas[lung] = 0
        fill = _lung_like(image, lung, centres.mean(axis=0))
        return {"gas": gas * np.float32(uniform(0.5, 1) * self.strength), "fill": fill}

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        gas = params["gas"]
        if gas is None or not isinstance(inpt, tv_tensors.Image):
            return inpt
        pixels = inpt[0].numpy()
        return like(inpt, blend(pixels, params["fill"], gas, lighten=False))


def _stomach(start: Points, side: int) -> tuple[Points, Points]:
    """Return centre ``(1, 2)`` and radii ``(1, 2)`` of one large bubble below the dome."""
    radius = np.array([[side * uniform(0.03, 0.11), side * uniform(0.02, 0.07)]])
    below = np.array([[0, radius[0, 1] + side * uniform(0.003, 0.04)]])
    return start + below, radius


def _loops(
    start: Points, flanks: NDArray[np.intp], bottom: NDArray[np.intp], side: int
) -> tuple[Points, Points]:
    """Return centres and radii, each ``(N, 2)``, of two to eight loops along the dome or down a flank."""
    size = side * uniform(0.018, 0.055)
    count = 2 + integer(7)
    radii = np.array([[size * uniform(0.7, 1.4), size * uniform(0.7, 1.4)] for _ in range(count)])
    steps = radii.mean(axis=1) * uniform(1.1, 1.7)
    wobble = np.array([uniform(-0.6, 0.6) for _ in range(count)]) * size
    away = np.concatenate([[0], np.cumsum(steps[1:])])
    if uniform(0, 1) < 0.4:
        flank = float(flanks[integer(2)])
        inwards = np.sign(flanks.mean() - flank)
        x = flank + inwards * size * uniform(0, 2) + wobble
        y = bottom[int(flank)] + size * uniform(0.5, 2) + away
    else:
        x = (start[0] + (1 if uniform(0, 1) < 0.5 else -1) * away).clip(0, len(bottom) - 1)
        floor = bottom[x.astype(int).clip(flanks[0], flanks[1])]
        y = np.where(floor < side - 1, floor, start[1]) + radii[:, 1] + side * uniform(0.003, 0.05) + wobble
    return np.column_stack([x, y]), radii


def _draw(centres: Points, radii: Points, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the opacity of the gas, of this shape, in 0..1, without its folds and fluid."""
    gas = np.zeros(shape, np.float32)
    levels = uniform(0, 1) < 0.35
    for (x, y), (width, height) in zip(centres, radii, strict=True):
        loop = np.zeros(shape, np.float32)
        axes = (max(1, round(width)), max(1, round(height)))
        cv2.ellipse(
            loop, (round(x), round(y)), axes, uniform(-40, 40), 0, 360, uniform(0.75, 1), -1, cv2.LINE_AA
        )
        if levels:
            loop[max(0, int(y + height * uniform(-0.3, 0.7))) :] = 0
        gas = np.maximum(gas, loop)
    for (x, y), (width, height) in zip(centres, radii, strict=True):
        if uniform(0, 1) < 0.5:
            _fold(gas, x, y, max(width, height))
    return np.asarray(cv2.GaussianBlur(gas, (0, 0), shape[0] * uniform(0.002, 0.008)), np.float32)


def _fold(gas: NDArray[np.float32], x: float, y: float, reach: float) -> None:
    """Erase a fold (haustrum) that reaches from the wall into the loop."""
    angle = uniform(0, 2 * np.pi)
    outwards = np.array([np.cos(angle), np.sin(angle)])
    start, end = (np.array([x, y]) + outwards * reach * far for far in (1.2, uniform(-0.3, 0.4)))
    width = max(1, round(reach * uniform(0.1, 0.25)))
    cv2.line(gas, start.astype(int).tolist(), end.astype(int).tolist(), uniform(0, 0.4), width, cv2.LINE_AA)


def _lung_like(image: NDArray[np.float32], lung: NDArray[np.bool_], centre: Points) -> NDArray[np.float32]:
    """Return a mixture of the lung's texture, moved to ``centre``, and its median grey, ``(H, W)``."""
    rows, columns = np.nonzero(lung)
    same = np.abs(columns - centre[0]) <= np.abs(columns - centre[0]).min() + np.ptp(columns) / 2
    middle = np.array([columns[same].mean(), rows[same].mean()])
    shift = (centre - middle).round().astype(int)
    moved = np.roll(image, (int(shift[1]), int(shift[0])), axis=(0, 1))
    share = np.float32(uniform(0.2, 0.8))
    return np.asarray(share * moved + (1 - share) * np.float32(np.median(image[lung])), np.float32)
