"""Synthetic images without a subject: noise and plain backgrounds."""

import numpy as np

from .degradations import Pixels, grey


def static(rng: np.random.Generator) -> Pixels:
    """Return noise, white or with a falling spectrum as in clouds and textures; 128 to 640 pixels a side."""
    side = int(rng.integers(128, 641))
    noise = rng.normal(size=(side, side))
    if rng.random() < 0.5:
        frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
        frequency[0, 0] = 1
        noise = np.fft.irfft2(np.fft.rfft2(noise) / frequency ** rng.uniform(0.5, 3), s=(side, side))
    return grey(128 + rng.uniform(10, 80) * (noise - noise.mean()) / noise.std())


def blank(rng: np.random.Generator) -> Pixels:
    """Return one grey, with faint grain, or a gradient, or a glow; 128 to 640 pixels a side."""
    side = int(rng.integers(128, 641))
    kind, ground = int(rng.integers(4)), float(rng.uniform(0, 255))
    y, x = np.mgrid[:side, :side] / side
    if kind == 0:
        picture = np.full((side, side), ground)
    elif kind == 1:
        picture = ground + rng.normal(0, 2, (side, side))
    elif kind == 2:
        picture = 255 * (x if rng.random() < 0.5 else y)
    else:
        distance = (x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.2, 0.8)) ** 2
        picture = 255 * np.exp(-distance / rng.uniform(0.05, 0.5))
    return grey(picture)
