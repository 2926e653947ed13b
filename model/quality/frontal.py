"""Recognition of images that are not complete, upright, non-inverted frontal chest X-rays.

Two models are used. `frontal_odds` has only the nine out-of-distribution scores, each relative to frontal
radiographs, so that it also rejects kinds of image that are not in its training set. `kind_probabilities`
is a classifier of a few known kinds and provides the name.
"""

import numpy as np
from numpy.typing import NDArray

from .features import CROPPED, FOREIGN, FRONTAL, INVERTED, KINDS, ROTATED
from .ood import OodScores
from .parameters import Kinds, Linear, QualityModel
from .result import Warning

SURE, LIKELY = 0.8, 0.6
"""Probability from which a kind is named: for in-distribution images, and for out-of-distribution ones."""

_WARNINGS = {
    INVERTED: Warning(
        "probably_inverted",
        "The image is probably inverted (black for white). Check its photometric interpretation.",
    ),
    ROTATED: Warning(
        "probably_rotated", "The radiograph is probably rotated or upside down: turn it upright."
    ),
    CROPPED: Warning(
        "probably_cropped", "Part of the chest is probably cut off or covered: send the whole radiograph."
    ),
    FOREIGN: Warning(
        "probably_not_frontal",
        "The image is probably not a frontal chest X-ray: send a single upright one, front or back view.",
    ),
}


def frontal_odds(ood: OodScores, model: Linear) -> float:
    """Return the log odds of a frontal chest X-ray.

    Args:
        ood: Only its nine scores are used.
        model: Weights ``(9,)`` and bias.

    Returns:
        Natural logarithm of the odds; from 0 on the image is taken to be frontal.
    """
    return float(model.weights @ ood.scores + model.bias)


def kind_probabilities(ood: OodScores, model: Kinds) -> NDArray[np.float64]:
    """Return the probability of each of `KINDS`, ``(len(KINDS),)``.

    Args:
        ood: Its ``features`` ``(F,)`` are used.
        model: The fitted weights ``(len(KINDS), F)`` and bias.
    """
    logits = model.weights @ ood.features + model.bias
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum(), np.float64)


def frontal_warnings(ood: OodScores, quality_model: QualityModel) -> list[Warning]:
    """Return at most one warning, for the most probable fault of the image.

    Args:
        ood: The features relative to frontal chest X-rays.
        quality_model: Its models `frontal` and `kinds` are used.
    """
    probabilities = kind_probabilities(ood, quality_model.kinds)
    likeliest = KINDS[int(probabilities.argmax())]
    if frontal_odds(ood, quality_model.frontal) < 0:
        known = likeliest != FRONTAL and probabilities.max() >= LIKELY
        return [_WARNINGS[likeliest if known else FOREIGN]]
    if likeliest != FRONTAL and probabilities.max() >= SURE:
        return [_WARNINGS[likeliest]]
    return []
