"""Preprocessing and augmentation: one composition of torchvision's transforms (v2) for each recipe."""

from typing import cast

import cv2
import numpy as np
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from model.preprocessing import Preprocessing, unit_range

from .augmentation import (
    RandomBorders,
    RandomBowelGas,
    RandomBreasts,
    RandomEffusion,
    RandomElastic,
    RandomGamma,
    RandomJPEG,
    RandomLargeHeart,
    RandomLocalContrast,
    RandomLowResolution,
    RandomMarkings,
    RandomNoise,
    RandomOpacities,
    RandomProjection,
    RandomSaturation,
    RandomScapulae,
    RandomShading,
    RandomWarp,
)
from .augmentation.tensors import Params, like
from .datasets import Transform


def plain_transform(preprocessing: Preprocessing) -> Transform:
    """Return the service's preprocessing, without augmentation, as in the paper."""
    return cast(Transform, Prepare(preprocessing))


def strong_transform(preprocessing: Preprocessing) -> Transform:
    """Return our augmentation, with positions, exposures, devices and defects beyond the training data."""
    return _strong(preprocessing)


def gasless_transform(preprocessing: Preprocessing) -> Transform:
    """Return `strong_transform` without bowel gas, the baseline of the ablations."""
    return _strong(preprocessing, gas=False)


def harder_transform(preprocessing: Preprocessing) -> Transform:
    """Return `strong_transform` with wider warps and more of every defect."""
    return _strong(preprocessing, harder=True)


AUGMENTATIONS = {"strong": strong_transform, "harder": harder_transform}
"""Augmentations by name, the milder first."""


def _strong(preprocessing: Preprocessing, *, gas: bool = True, harder: bool = False) -> Transform:
    """Return geometry, then anatomy, then exposure and devices, then storage."""
    size = preprocessing.input_size
    more = 1.5 if harder else 1.0
    stages = [
        UnitRange(),
        RandomWarp(size, degrees=20, scale=(0.6, 1.45), aspect=0.3, shift=0.14)
        if harder
        else RandomWarp(size),
        v2.RandomHorizontalFlip(0.5),
        v2.RandomApply([RandomElastic(0.015)], p=0.2 * more),
        v2.RandomApply([RandomProjection(0.25 * more)], p=0.25),
        v2.RandomApply([RandomLargeHeart()], p=0.2 * more),
        v2.RandomApply([RandomBowelGas()], p=0.45 if gas else 0),
        v2.RandomApply([RandomBreasts()], p=0.15 * more),
        v2.RandomApply([RandomScapulae()], p=0.15 * more),
        v2.RandomApply([RandomEffusion()], p=0.1 * more),
        v2.RandomApply([RandomOpacities(8)], p=0.4 * more),
        v2.RandomApply([RandomLocalContrast(5.0 * more)], p=0.25),
        v2.RandomInvert(0.15),
        RandomGamma(0.6 * more),
        v2.RandomApply([RandomSaturation(0.12 * more)], p=0.2),
        v2.RandomApply([RandomShading(0.35 * more)], p=0.4),
        v2.RandomApply([RandomMarkings()], p=0.5),
        v2.RandomApply([RandomLowResolution()], p=0.15 * more),
        v2.RandomApply([v2.GaussianBlur(5, sigma=(0.2, 1.5))], p=0.2 * more),
        v2.RandomApply([RandomNoise(0.06 * more)], p=0.4),
        v2.RandomApply([v2.GaussianBlur(33, sigma=(1.5, 8.0))], p=0.12 if harder else 0),
        v2.RandomApply([RandomNoise(0.4)], p=0.15 if harder else 0),
        v2.RandomApply([RandomJPEG((15, 80))], p=0.2 * more),
        v2.RandomApply([RandomBorders()], p=0.25),
        v2.RandomApply([RandomBorders(0.25)], p=0.05 * more),
        Normalise(preprocessing),
    ]
    return cast(Transform, v2.Compose(stages))


class Prepare(v2.Transform):
    """`Preprocessing.apply` on images as they were read; masks are resized alike, padded with background."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.preprocessing = preprocessing

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        if isinstance(inpt, tv_tensors.Image):
            return like(inpt, self.preprocessing.apply(inpt[0].numpy()))
        pixels = inpt.numpy()
        height, width = pixels.shape
        rows, columns = self.preprocessing.frame(width=width, height=height)
        size = (columns.stop - columns.start, rows.stop - rows.start)
        side = self.preprocessing.input_size
        square = np.zeros((side, side), pixels.dtype)
        square[rows, columns] = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST_EXACT)
        return like(inpt, square)


class UnitRange(v2.Transform):
    """Converts images, as they were read, to float32 in 0..1 for augmentation."""

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        return inpt if isinstance(inpt, tv_tensors.Mask) else like(inpt, unit_range(inpt[0].numpy()))


class Normalise(v2.Transform):
    """`Preprocessing.normalise` on images in 0..1."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.preprocessing = preprocessing

    def transform(self, inpt: Tensor, params: Params) -> Tensor:
        """See `v2.Transform`."""
        normalised = self.preprocessing.normalise
        return inpt if isinstance(inpt, tv_tensors.Mask) else like(inpt, normalised(inpt[0].numpy().copy()))
