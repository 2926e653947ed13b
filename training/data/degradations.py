"""Degradations of radiographs, on which a segmenter fails more or less, with a known true mask.

Each degradation takes pixels ``(H, W)`` uint8, the mask ``(H, W)`` bool, a strength in 0..1 and a
generator, and returns both. A degradation that moves or crops the image moves or crops the mask too.
Lungs that are covered stay in the mask.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .defects import (
    Opacity,
    add_noise,
    add_opacities,
    apply_gamma,
    blend,
    clip_range,
    compress_jpeg,
    deform,
    reduce_resolution,
    warp,
)

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Degradation = Callable[[Pixels, Mask, float, np.random.Generator], tuple[Pixels, Mask]]


def grey(values: ArrayLike) -> Pixels:
    """Return values clipped to 0..255 and rounded down, as uint8."""
    return np.ascontiguousarray(np.clip(np.asarray(values), 0, 255).astype(np.uint8))


def blur(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Apply Gaussian blur of a standard deviation up to a twentieth of the side."""
    return grey(cv2.GaussianBlur(pixels, (0, 0), 0.3 + strength * min(pixels.shape) / 20)), mask


def noise(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Add Gaussian noise, coarse or fine, of a standard deviation up to 0.6 of the range."""
    coarse = max(1, round(float(rng.uniform(1, 6))))
    normal = rng.standard_normal([max(1, side // coarse) for side in pixels.shape])
    return grey(add_noise(pixels, normal, strength * 0.6 * 255)), mask


def exposure(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Apply a gamma of up to exp(1.8) either way, and clip the darkest and the brightest greys."""
    values = apply_gamma(pixels / 255.0, float(rng.choice([-1.8, 1.8])) * strength)
    low, high = np.sort(rng.uniform(0, 1, 2) * strength * 0.6) * [1, 0.5]
    return grey(255 * clip_range(values, low, 1 - high)), mask


def fading(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Reduce contrast, down to two grey levels, and add a brightness gradient."""
    kept = 1 - 0.99 * strength
    slope = np.linspace(-1, 1, pixels.shape[0])[:, None] * rng.uniform(-60, 60) * strength
    return grey(128 + kept * (pixels.astype(np.float64) - 128) + slope), mask


def thumbnail(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Reduce the resolution, down to twelve pixels a side."""
    side = round(200 * (12 / 200) ** strength)
    interpolation = cv2.INTER_NEAREST if rng.random() < 0.3 else cv2.INTER_LINEAR
    return grey(reduce_resolution(pixels, (side, side), interpolation=interpolation)), mask


def compression(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Compress to JPEG of quality 30 down to 1."""
    return compress_jpeg(pixels, 1 + round(29 * (1 - strength))), mask


def covers(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Cover the image with one to four flat or noisy rectangles, each of up to half a side."""
    height, width = pixels.shape
    covered = pixels.copy()
    for _ in range(int(rng.integers(1, 5))):
        w, h = (max(1, int(side * rng.uniform(0.1, 0.15 + 0.4 * strength))) for side in (width, height))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        grain = rng.normal(0, rng.choice([0, 25]), (h, w))
        covered[y : y + h, x : x + w] = grey(rng.uniform(0, 255) + grain)
    return covered, mask


def half_covered(
    pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator
) -> tuple[Pixels, Mask]:
    """Cover a quarter to two thirds of the image from one side."""
    share = 0.25 + 0.4 * strength
    turns = int(rng.integers(4))
    covered = np.rot90(pixels, turns).copy()
    covered[: round(share * covered.shape[0])] = _flat(rng)
    return grey(np.rot90(covered, -turns)), mask


def crop(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Crop to a window of nine tenths down to three tenths of each side."""
    height, width = pixels.shape
    h, w = (round(side * (0.9 - 0.6 * strength * rng.uniform(0.6, 1))) for side in (height, width))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    window = np.s_[y : y + h, x : x + w]
    return grey(pixels[window]), np.ascontiguousarray(mask[window])


def far_away(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Place the image small on a plain background, as in a screenshot."""
    height, width = pixels.shape
    scale = 0.9 - 0.65 * strength
    shift = rng.uniform(0, 1 - scale, 2) * [width, height]
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return _warp(pixels, mask, matrix, value=_flat(rng))


def rotation(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Rotate about the centre by up to 180 degrees either way."""
    height, width = pixels.shape
    angle = float(rng.choice([-180, 180])) * strength
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, float(rng.uniform(0.75, 1)))
    return _warp(pixels, mask, np.asarray(matrix, np.float64))


def squeezed(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Stretch along one axis up to 2.5 times, crop to the centre, and shear."""
    height, width = pixels.shape
    factor = np.exp(rng.choice([-0.9, 0.9]) * strength)
    stretch = np.array([[factor, rng.uniform(-0.5, 0.5) * strength], [0, 1 / factor]])
    centre = np.array([width, height]) / 2
    return _warp(pixels, mask, np.column_stack([stretch, centre - stretch @ centre]))


def white_lung(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Whiten part of one side from its upper or lower end, as by an effusion or a collapse."""
    height, width = pixels.shape
    field = np.zeros(pixels.shape, np.float32)
    half = np.s_[: width // 2] if rng.random() < 0.5 else np.s_[width // 2 :]
    reach = round(height * (0.2 + 0.8 * strength))
    rows = np.s_[height - reach :] if rng.random() < 0.7 else np.s_[:reach]
    field[rows, half] = rng.uniform(0.6, 1)
    field[...] = cv2.GaussianBlur(field, (0, 0), width * float(rng.uniform(0.01, 0.06)))
    bright = float(np.percentile(pixels, rng.uniform(70, 99)))
    return grey(blend(pixels, bright, field)), mask


def opacities(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Add three to ten blurred patches, bright or dark."""
    patches = []
    for _ in range(int(rng.integers(3, 11))):
        axes = (int(rng.integers(3, 14)), int(rng.integers(3, 14)))
        value = float(rng.uniform(-0.6, 1)) * (0.2 + strength)
        patches.append(Opacity((int(rng.integers(64)), int(rng.integers(64))), axes, 0, value))
    sigma = float(rng.uniform(0.5, 4))
    return grey(add_opacities(pixels, patches, grid=(64, 64), sigma=sigma, white=255)), mask


def double_exposure(
    pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator
) -> tuple[Pixels, Mask]:
    """Blend the image with its own mirrored, rotated copy."""
    ghost = np.rot90(pixels[:, ::-1], int(rng.integers(1, 4)))
    fitted = cv2.resize(np.ascontiguousarray(ghost), pixels.shape[::-1], interpolation=cv2.INTER_AREA)
    weight = 0.15 + 0.5 * strength
    return grey((1 - weight) * pixels + weight * fitted), mask


def wavy(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Deform by a smooth field of shifts of up to a tenth of the side."""
    shifts = rng.normal(0, 0.08 * strength, (6, 6, 2)).astype(np.float32)
    moved = deform(mask.astype(np.uint8), shifts, is_mask=True)
    return grey(deform(pixels, shifts, is_mask=False)), moved > 0


def inversion(pixels: Pixels, mask: Mask, strength: float, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Invert the greys and change the gamma."""
    return exposure(grey(255 - pixels), mask, 0.5 * strength, rng)


def touch_up(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Vary a radiograph as good radiographs differ: position, size, exposure, grain, mirroring.

    Args:
        pixels: ``(H, W)`` uint8.
        rng: Draws what is changed.
    """
    height, width = pixels.shape
    scale, aspect = np.exp(rng.uniform(-0.2, 0.15)), np.exp(rng.uniform(-0.12, 0.12))
    angle = float(rng.uniform(-8, 8))
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, float(scale)), np.float64)
    matrix[0] *= aspect
    matrix[0, 2] += width / 2 * (1 - aspect)
    matrix[:, 2] += rng.uniform(-0.05, 0.05, 2) * np.array([width, height])
    border = cv2.BORDER_CONSTANT if rng.random() < 0.5 else cv2.BORDER_REPLICATE
    warped = warp(pixels, matrix, (width, height), is_mask=False, border=border) / 255
    values = 255 * apply_gamma(warped, rng.uniform(-0.5, 0.5))
    sigma = rng.uniform(0, 6)
    values = add_noise(values, rng.standard_normal(pixels.shape), sigma)
    return grey(values if rng.random() < 0.5 else values[:, ::-1])


DEGRADATIONS: dict[str, Degradation] = {
    function.__name__: function
    for function in (
        blur,
        noise,
        exposure,
        fading,
        thumbnail,
        compression,
        covers,
        half_covered,
        crop,
        far_away,
        rotation,
        squeezed,
        white_lung,
        opacities,
        double_exposure,
        wavy,
        inversion,
    )
}
"""All degradations by name."""


def _warp(pixels: Pixels, mask: Mask, matrix: NDArray[np.float64], value: float = 0.0) -> tuple[Pixels, Mask]:
    size = pixels.shape[::-1]
    moved = warp(mask.astype(np.uint8), matrix, size, is_mask=True)
    return grey(warp(pixels, matrix, size, is_mask=False, outside=value)), moved > 0


def _flat(rng: np.random.Generator) -> float:
    """Return black, white or a random grey."""
    return (0.0, 255.0, float(rng.uniform(0, 255)))[rng.integers(3)]
