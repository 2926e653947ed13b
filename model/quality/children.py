"""Warnings about children, whom Pleura is not meant for."""

from __future__ import annotations

from .ood import OodScores
from .parameters import Linear
from .result import Warning

ADULT_YEARS = 16
"""The age from which a patient is an adult here."""

_ADVICE = "Pleura is meant for adults, and its masks of children are often wrong: check the mask."


def warn_by_image(ood: OodScores, model: Linear | None) -> list[Warning]:
    """Return a warning if the image probably shows a child; none if the quality model cannot tell.

    Args:
        ood: The features relative to frontal chest X-rays.
        model: The model `child` of the quality model; None: it has none.
    """
    if model is None or float(model.weights @ ood.features + model.bias) < 0:
        return []
    return [Warning("child", f"The patient is probably a child. {_ADVICE}")]


def warn_by_age(years: float) -> list[Warning]:
    """Return a warning if the patient is a child by the age in the file."""
    if years >= ADULT_YEARS:
        return []
    return [Warning("child", f"By the file the patient is younger than {ADULT_YEARS}. {_ADVICE}")]
