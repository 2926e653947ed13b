"""The IoU with the ground truth that a mask can be expected to have."""

import numpy as np
from numpy.typing import NDArray

from .ood import Familiarity
from .parameters import Linear
from .result import Warning


def iou_features(familiarity: Familiarity) -> NDArray[np.float64]:
    """``(17,)``: how sure the network is and how strange the image. Few, so that they hold for images of other makes."""
    return np.concatenate([familiarity.certainty, familiarity.strangeness])


def predict_iou(familiarity: Familiarity, model: Linear) -> float:
    """Fractional logistic regression (Papke and Wooldridge, 1996): the mean IoU is the logistic of a linear function."""
    return logistic(float(model.weights @ iou_features(familiarity)) + model.bias)


def iou_warnings(predicted: float, *, least: float) -> list[Warning]:
    """A warning where the predicted IoU is less than ``least``."""
    if predicted >= least:
        return []
    return [
        Warning(
            "low_confidence",
            f"The mask is expected to agree with the lungs to an IoU of {predicted:.2f} only: look at it before use.",
        )
    ]


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), for any x."""
    return float(0.5 * (1 + np.tanh(0.5 * x)))
