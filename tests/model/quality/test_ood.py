from dataclasses import replace

import numpy as np
import pytest

from model.quality.feature_vector import extract_features
from model.quality.features import DISTANCES, UNCERTAINTY_SCALARS
from model.quality.ood import compare, project, scalars
from model.quality.parameters import Subspace

from .drawings import draw_chest, draw_evidence, draw_labels, draw_texture
from .quality_models import make_quality_model

CHESTS = [draw_chest(seed) for seed in range(40)]
REFERENCE = make_quality_model(CHESTS).reference


def test_subspace_distances_are_exact() -> None:
    plane = Subspace(mean=np.array([1, 1, 1]), directions=np.eye(3)[:2], scale=np.array([2, 0.5]), rest=4.0)
    place, rest = project(np.array([5, 2, 9], np.float32), plane)
    np.testing.assert_allclose(place, [2, 2])
    assert rest == pytest.approx(2)
    place, rest = project(np.array([1, 1, 1], np.float32), plane)
    np.testing.assert_allclose(place, [0, 0])
    assert rest == 0


def test_chest_has_a_lower_score_than_stripes() -> None:
    chest = compare(extract_features(draw_chest(100)), REFERENCE)
    stripes = compare(extract_features(draw_texture(0)), REFERENCE)
    assert chest.scores.shape == (len(DISTANCES),)
    assert stripes.scores[0] > chest.scores[0] + 1
    assert stripes.scores.sum() > chest.scores.sum() + 5


def test_uncertainty_is_the_last_scalar() -> None:
    sure, unsure = (extract_features(draw_evidence(sure=sure)) for sure in (0.99, 0.6))
    differing = scalars(sure) != scalars(unsure)
    assert not differing[: -len(UNCERTAINTY_SCALARS)].any()
    assert differing[-len(UNCERTAINTY_SCALARS) :].any()
    ood = compare(unsure, REFERENCE)
    np.testing.assert_array_equal(
        ood.uncertainty,
        ood.features[scalars(unsure).size - len(UNCERTAINTY_SCALARS) : scalars(unsure).size],
    )


def test_scores_are_clipped() -> None:
    evidence = replace(draw_evidence(draw_labels(None, None)), embedding=np.full(8, 1e6, np.float32))
    ood = compare(extract_features(evidence), REFERENCE)
    assert np.isfinite(ood.features).all()
    assert np.abs(ood.features).max() <= 6
