"""Whether the image is an upright frontal chest X-ray, whole and not inverted.

Two models look at it. `frontal_odds` knows only how strange the image is in nine ways, each measured against frontal
radiographs alone: it needs to have seen no other kind of image to doubt one. `kind_probabilities` knows a few kinds by
sight and finds the word for it.
"""

import numpy as np
from numpy.typing import NDArray

from .features import CROPPED, FOREIGN, FRONTAL, INVERTED, KINDS, ROTATED
from .ood import Familiarity
from .parameters import Calibration, Kinds, Linear
from .result import Warning

SURE, LIKELY = 0.8, 0.6
"""Probability from which a kind is named: where nothing else is strange about the image, and where something is."""

_WARNINGS = {
    INVERTED: Warning(
        "probably_inverted",
        "The image is probably inverted, black for white: check its photometric interpretation.",
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


def frontal_odds(familiarity: Familiarity, model: Linear) -> float:
    """Log odds that this is a frontal chest X-ray."""
    return float(model.weights @ familiarity.strangeness + model.bias)


def kind_probabilities(familiarity: Familiarity, model: Kinds) -> NDArray[np.float64]:
    """``(len(KINDS),)``, of each kind in turn."""
    logits = model.weights @ familiarity.features + model.bias
    exponentials = np.exp(logits - logits.max())
    return np.asarray(exponentials / exponentials.sum(), np.float64)


def frontal_warnings(familiarity: Familiarity, calibration: Calibration) -> list[Warning]:
    """At most one warning: the likeliest thing that is wrong with the image."""
    probabilities = kind_probabilities(familiarity, calibration.kinds)
    likeliest = KINDS[int(probabilities.argmax())]
    strange = frontal_odds(familiarity, calibration.frontal) < 0
    if strange:
        known = likeliest != FRONTAL and probabilities.max() >= LIKELY
        return [_WARNINGS[likeliest if known else FOREIGN]]
    if likeliest != FRONTAL and probabilities.max() >= SURE:
        return [_WARNINGS[likeliest]]
    return []
