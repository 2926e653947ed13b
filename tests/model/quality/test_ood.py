from dataclasses import replace

import numpy as np
import pytest

from model.quality.feature_vector import describe
from model.quality.features import DISTANCES, DOUBTS
from model.quality.ood import compare, locate, scalars
from model.quality.parameters import Subspace

from .calibrations import make_calibration
from .drawings import draw_chest, draw_evidence, draw_labels, draw_texture

CHESTS = [draw_chest(seed) for seed in range(40)]
FAMILIAR = make_calibration(CHESTS).familiar


def test_a_place_in_a_subspace_is_worked_out_by_hand() -> None:
    plane = Subspace(mean=np.array([1, 1, 1]), directions=np.eye(3)[:2], scale=np.array([2, 0.5]), rest=4.0)
    place, rest = locate(np.array([5, 2, 9], np.float32), plane)
    np.testing.assert_allclose(place, [2, 2])
    assert rest == pytest.approx(2)
    place, rest = locate(np.array([1, 1, 1], np.float32), plane)
    np.testing.assert_allclose(place, [0, 0])
    assert rest == 0


def test_a_chest_is_less_strange_than_stripes() -> None:
    chest = compare(describe(draw_chest(100)), FAMILIAR)
    stripes = compare(describe(draw_texture(0)), FAMILIAR)
    assert chest.strangeness.shape == (len(DISTANCES),)
    assert stripes.strangeness[0] > chest.strangeness[0] + 1
    assert stripes.strangeness.sum() > chest.strangeness.sum() + 5


def test_certainty_stands_last_among_the_scalars() -> None:
    sure, unsure = (describe(draw_evidence(sure=sure)) for sure in (0.99, 0.6))
    differing = scalars(sure) != scalars(unsure)
    assert not differing[: -len(DOUBTS)].any()
    assert differing[-len(DOUBTS) :].any()
    familiarity = compare(unsure, FAMILIAR)
    np.testing.assert_array_equal(
        familiarity.certainty,
        familiarity.features[scalars(unsure).size - len(DOUBTS) : scalars(unsure).size],
    )


def test_nothing_is_stranger_than_strange_enough() -> None:
    evidence = replace(draw_evidence(draw_labels(None, None)), embedding=np.full(8, 1e6, np.float32))
    familiarity = compare(describe(evidence), FAMILIAR)
    assert np.isfinite(familiarity.features).all()
    assert np.abs(familiarity.features).max() <= 6
