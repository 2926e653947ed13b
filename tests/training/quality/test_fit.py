"""The trust threshold: few good films below it, and never outside its bounds."""

from math import log

import numpy as np
import pytest

from model.quality.features import DISTANCES
from model.quality.ood import OodScores
from model.quality.parameters import Linear
from training.quality.cases import UNTOUCHED
from training.quality.fit import REJECTED_SHARE, TRUST_THRESHOLD_RANGE, Scored, find_trust_threshold

from .labelled import labelled_example

UNCERTAINTIES = 8
MODEL = Linear(weights=np.eye(1, UNCERTAINTIES + len(DISTANCES))[0], bias=0.0)
"""Predicts the IoU whose log odds the first feature is."""


def scored(predicted: float, *, gross: bool | None = False, variant: str = UNTOUCHED) -> Scored:
    features = np.zeros(UNCERTAINTIES)
    features[0] = log(predicted / (1 - predicted))
    example = labelled_example(predicted, variant=variant, gross=gross)
    return Scored(example, OodScores(np.zeros(3), np.zeros(len(DISTANCES)), features))


def test_few_films_with_a_good_mask_are_below_the_threshold() -> None:
    good = [scored(predicted) for predicted in np.linspace(0.70, 0.95, 101)]
    threshold = find_trust_threshold(good, MODEL)
    assert threshold == round(0.70 + 0.25 * REJECTED_SHARE, 2)


def test_only_good_masks_of_films_as_they_are_count() -> None:
    good = [scored(0.8)] * 50
    others = [scored(0.3, gross=True), scored(0.3, variant="blur"), scored(0.3, gross=None)] * 50
    assert find_trust_threshold(good + others, MODEL) == 0.8


@pytest.mark.parametrize(("predicted", "bound"), [(0.3, 0), (0.99, 1)])
def test_threshold_stays_within_its_bounds(predicted: float, bound: int) -> None:
    assert find_trust_threshold([scored(predicted)] * 10, MODEL) == TRUST_THRESHOLD_RANGE[bound]


def test_network_without_a_good_mask_gets_the_lowest_threshold() -> None:
    assert find_trust_threshold([scored(0.9, gross=True)], MODEL) == TRUST_THRESHOLD_RANGE[0]
