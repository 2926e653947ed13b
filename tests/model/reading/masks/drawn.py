"""Masks of lungs in many encodings."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import UnsuitableImage
from model.ground_truth import GroundTruth
from model.metrics.overlap import overlap
from model.reading import read_ground_truth
from samples.phantom import phantom

Mask = NDArray[np.bool_]


@cache
def lungs(side: int = 256) -> Mask:
    """A phantom's lungs ``(side, side)``."""
    return phantom(width=side, height=side, seed=3).mask


def halves(side: int = 256) -> tuple[Mask, Mask]:
    """The lung on the image's left, and the other."""
    left_half = np.zeros((side, side), np.bool_)
    left_half[:, : side // 2] = True
    return lungs(side) & left_half, lungs(side) & ~left_half


def grey(mask: Mask, value: int = 255) -> NDArray[np.uint8]:
    """``value`` where the mask is set, else 0."""
    return np.where(mask, value, 0).astype(np.uint8)


def labels(right: int, left: int, heart: int = 0, *, side: int = 256) -> NDArray[np.uint8]:
    """A label map of two lungs and, between them, a heart."""
    one, other = halves(side)
    heart_mask = np.zeros_like(one)
    heart_mask[side // 2 : 3 * side // 4, 3 * side // 8 : 5 * side // 8] = True
    made = np.where(heart_mask & ~one & ~other, heart, 0)
    made[one], made[other] = right, left
    return made.astype(np.uint8)


def iou(found: Mask, expected: Mask) -> float:
    return overlap(found, expected).iou


def codes(truth: GroundTruth) -> list[str]:
    return [note.code for note in truth.notes]


def refusal(data: bytes, **options: Any) -> str:
    """Why a mask is refused."""
    try:
        read_ground_truth(data, **options)
    except UnsuitableImage as error:
        return str(error)
    raise AssertionError("it was read")
