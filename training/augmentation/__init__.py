"""Transforms that torchvision does not have, of the same make as its own.

Images are ``(1, H, W)`` float32 in 0..1, masks ``(H, W)`` uint8. All draw from torch's random state: one seed decides a sample.
"""

from .content import RandomBorders, RandomGas, RandomMarkings, RandomOpacities, RandomWhiteLung
from .exposure import RandomGamma, RandomJPEG, RandomLowResolution, RandomNoise, RandomShading
from .geometry import RandomElastic, RandomWarp

__all__ = [
    "RandomBorders",
    "RandomElastic",
    "RandomGamma",
    "RandomGas",
    "RandomJPEG",
    "RandomLowResolution",
    "RandomMarkings",
    "RandomNoise",
    "RandomOpacities",
    "RandomShading",
    "RandomWarp",
    "RandomWhiteLung",
]
