"""Ratios of measurements that were made in turn, with a confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

CONFIDENCE = 0.95


class Ratio(NamedTuple):
    """The geometric mean of the rounds' ratios, and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        """``0.99 to 1.05``; empty where there was one round."""
        return "" if self.high == inf else f"{self.low:.2f} to {self.high:.2f}"


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Return the ratio of two systems that were measured once each in every round.

    A load on the machine that lasts longer than a round slows both, and leaves the ratio as it is.

    Args:
        ours: One figure above 0 a round.
        theirs: As many, of the same rounds.

    Returns:
        Student's interval of the mean of the logarithms; 0 to infinity of a single round.

    Raises:
        ValueError: The rounds differ, there are none, or a figure is not above 0.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError("A ratio needs as many figures of one system as of the other.")
    if min(*ours, *theirs) <= 0:
        raise ValueError("A ratio needs figures above 0.")
    logarithms = np.log(np.asarray(ours, float) / np.asarray(theirs, float))
    mean, count = float(logarithms.mean()), len(logarithms)
    if count == 1:
        return Ratio(exp(mean), 0.0, inf)
    half = float(student.ppf((1 + CONFIDENCE) / 2, count - 1)) * float(logarithms.std(ddof=1)) / sqrt(count)
    return Ratio(exp(mean), exp(mean - half), exp(mean + half))
