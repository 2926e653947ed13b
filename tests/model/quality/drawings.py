"""Hand-drawn evidence: two ellipses for lungs in a grey chest, 64 pixels a side."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from model.quality import Evidence

SIDE = 64

Ellipse = tuple[int, int, int, int]
"""Centre x and y, half width, half height."""

RIGHT_LUNG: Ellipse = (20, 32, 9, 20)
LEFT_LUNG: Ellipse = (44, 32, 9, 20)


def draw_labels(right: Ellipse | None = RIGHT_LUNG, left: Ellipse | None = LEFT_LUNG) -> NDArray[np.uint8]:
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for value, lung in ((1, right), (2, left)):
        if lung is not None:
            cv2.ellipse(labels, lung[:2], lung[2:], 0, 0, 360, value, -1)
    return labels


def draw_evidence(
    labels: NDArray[np.uint8] | None = None, *, sure: float = 0.99, inverted: bool = False, seed: int = 0
) -> Evidence:
    """Lungs dark on bright, with grain; ``sure`` is the probability inside the mask."""
    rng = np.random.default_rng(seed)
    drawn = draw_labels() if labels is None else labels
    mask = drawn > 0
    image = np.where(mask, -1.5, 0.5) + rng.normal(0, 0.2, mask.shape)
    embedding = rng.normal(size=8)
    return Evidence(
        input=(-image if inverted else image).astype(np.float32),
        probabilities=np.where(mask, sure, 1 - sure).astype(np.float32),
        labels=drawn,
        embedding=embedding.astype(np.float32),
        threshold=0.5,
    )


def draw_chest(seed: int) -> Evidence:
    """One of many: lungs of varying place and size."""
    rng = np.random.default_rng(seed)
    right, left = (
        tuple(int(number + rng.integers(-2, 3)) for number in lung) for lung in (RIGHT_LUNG, LEFT_LUNG)
    )
    evidence = draw_evidence(draw_labels(right, left), sure=float(rng.uniform(0.9, 0.99)), seed=seed)  # type: ignore[arg-type]
    blurred = cv2.GaussianBlur(evidence.probabilities, (0, 0), float(rng.uniform(0.5, 1)))
    return replace(evidence, probabilities=np.asarray(blurred, np.float32))


def draw_texture(seed: int) -> Evidence:
    """No chest: stripes, in which the network believes to see something."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.arange(SIDE) * rng.uniform(0.2, 1.5))[:, None] * np.ones(SIDE)
    probabilities = 0.5 + 0.45 * waves
    labels = (probabilities > 0.5).astype(np.uint8)
    return Evidence(
        input=(waves + rng.normal(0, 0.3, waves.shape)).astype(np.float32),
        probabilities=probabilities.astype(np.float32),
        labels=labels,
        embedding=(4 + rng.normal(size=8)).astype(np.float32),
        threshold=0.5,
    )
