"""Augmentation in the form of torchvision's transforms (v2), which lack it.

Images are ``(1, H, W)`` float32 in 0..1, masks ``(H, W)`` uint8. All random numbers come from torch's
random state, so that one seed decides a sample.
"""

from .anatomy import RandomBreasts, RandomEffusion, RandomLargeHeart, RandomScapulae
from .bowel_gas import RandomBowelGas
from .content import RandomBorders, RandomMarkings, RandomOpacities
from .exposure import (
    RandomGamma,
    RandomJPEG,
    RandomLocalContrast,
    RandomLowResolution,
    RandomNoise,
    RandomSaturation,
    RandomShading,
)
from .geometry import RandomElastic, RandomProjection, RandomWarp

__all__ = [
    "RandomBorders",
    "RandomBowelGas",
    "RandomBreasts",
    "RandomEffusion",
    "RandomElastic",
    "RandomGamma",
    "RandomJPEG",
    "RandomLargeHeart",
    "RandomLocalContrast",
    "RandomLowResolution",
    "RandomMarkings",
    "RandomNoise",
    "RandomOpacities",
    "RandomProjection",
    "RandomSaturation",
    "RandomScapulae",
    "RandomShading",
    "RandomWarp",
]
