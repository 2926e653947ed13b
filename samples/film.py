"""Conversion of attenuation to grey values: scatter, quantum noise, detector blur, characteristic curve."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .levels import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Parameters of the exposure and of the processing.

    Attributes:
        scatter: Scattered light as a share of the primary beam's mean behind the body.
        photons: Quanta in a mm² of the unattenuated beam.
        blur: Standard deviation of the focal spot's and the detector's blur, mm.
        middle: Attenuation above the lungs' that becomes the middle of the grey scale.
        latitude: Half of the attenuation over which the curve rises from 0.27 to 0.73.
        harmonisation: Share of the coarse contrast that the processing takes away, as digital systems do.
        enhancement: Share of the fine contrast that the processing adds.
        heel: Relative fall of the beam from top to bottom.
    """

    scatter: float
    photons: float
    blur: float
    middle: float
    latitude: float
    harmonisation: float
    enhancement: float
    heel: float


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """Draw an exposure: between a hard film and a processed digital radiograph."""
    return Exposure(
        scatter=float(rng.uniform(0.05, 0.12)),
        photons=float(rng.uniform(1.0e5, 3.0e5)),
        blur=float(rng.uniform(0.15, 0.3)),
        middle=float(rng.uniform(0.5, 1.0)),
        latitude=float(rng.uniform(0.55, 0.8)),
        harmonisation=float(rng.uniform(0.0, 0.5)),
        enhancement=float(rng.uniform(0.2, 1.0)),
        heel=float(rng.uniform(-0.12, 0.12)),
    )


def expose(
    attenuation: Array, *, lungs: float, pitch: float, exposure: Exposure, rng: np.random.Generator
) -> Array:
    """Grey values of a radiograph.

    Args:
        attenuation: ``(height, width)`` float32, the line integral of the attenuation coefficient.
        lungs: Typical attenuation in the lungs, by which the exposure is set, as a phototimer does.
        pitch: Mm a pixel.
        exposure: How it is taken.
        rng: Draws the noise.

    Returns:
        ``(height, width)`` float32 in 0..1, bright where the body is dense.
    """
    primary = np.exp(-attenuation)
    light = primary + exposure.scatter * _blurred(np.minimum(primary, 0.5), 25 / pitch)
    light *= np.linspace(1 + exposure.heel / 2, 1 - exposure.heel / 2, len(light), dtype=np.float32)[:, None]
    # Far more quanta than 30 reach each pixel: Poisson's distribution is normal there.
    deviation = np.sqrt(light / (exposure.photons * pitch * pitch))
    light += deviation * rng.standard_normal(light.shape, dtype=np.float32)
    # Half a pixel is the least: a detector's element integrates over its own area.
    light = cv2.GaussianBlur(light, (0, 0), max(exposure.blur / pitch, 0.5))
    dense = -np.log(np.maximum(light, 1e-5))
    if exposure.harmonisation:
        coarse = _blurred(np.clip(dense, lungs - 1, lungs + 2.5), 35 / pitch)
        dense -= exposure.harmonisation * (coarse - (lungs + 0.8))
    dense += exposure.enhancement * (dense - _blurred(dense, 3.5 / pitch))
    grey: Array = 1 / (1 + np.exp((lungs + exposure.middle - dense) / exposure.latitude))
    return grey


def _blurred(image: Array, sigma: float) -> Array:
    """Apply a wide Gaussian blur, computed on a smaller copy."""
    height, width = image.shape
    factor = max(1.0, sigma / 4)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma * size[0] / width, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32, copy=False)
