"""The predicted IoU of a mask with its ground truth."""

import numpy as np
from numpy.typing import NDArray

from .ood import OodScores
from .parameters import Linear
from .result import Warning

_DECIMALS = 4
"""Decimals of a predicted IoU: more carry no information, and the last may differ between two runs."""


def iou_features(ood: OodScores) -> NDArray[np.float64]:
    """Return the uncertainty features and the out-of-distribution scores, ``(17,)``.

    They are few, so that the model generalises to images of other sources.
    """
    return np.concatenate([ood.uncertainty, ood.scores])


def predict_iou(ood: OodScores, model: Linear) -> float:
    """Return the predicted IoU of a mask by fractional logistic regression.

    Args:
        ood: The scores of the mask's features.
        model: The fitted weights ``(17,)`` and bias.

    Returns:
        The mean IoU of such masks with their ground truth, 0 to 1, rounded to four decimals.

    Source:
        Papke and Wooldridge, *Econometric methods for fractional response variables*, 1996.
    """
    return round(logistic(float(model.weights @ iou_features(ood)) + model.bias), _DECIMALS)


def iou_warnings(predicted: float, *, least: float) -> list[Warning]:
    """Return a warning if the predicted IoU is less than ``least``.

    Args:
        predicted: The predicted IoU, 0 to 1.
        least: The trust threshold of the quality model.
    """
    if predicted >= least:
        return []
    return [
        Warning(
            "low_confidence",
            f"The mask's predicted IoU is only {predicted:.2f}. Check the mask before use.",
        )
    ]


def logistic(x: float) -> float:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return float(0.5 * (1 + np.tanh(0.5 * x)))
