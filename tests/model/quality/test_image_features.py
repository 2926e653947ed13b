import numpy as np
import pytest

from model.quality.image_features import THUMBNAIL_SIDE, chest_thumbnail, image_thumbnail, measure_image

from .drawings import draw_evidence, draw_labels


def test_contrast_of_lungs_changes_sign_with_inversion() -> None:
    upright, inverted = draw_evidence(), draw_evidence(inverted=True)
    ours = measure_image(upright.input, upright.labels)
    theirs = measure_image(inverted.input, inverted.labels)
    assert ours.contrast > 1.5
    assert ours.middle > 1.5
    assert theirs.contrast == pytest.approx(-ours.contrast, rel=1e-3)


def test_edge_feature_follows_the_gradient() -> None:
    evidence = draw_evidence()
    elsewhere = draw_labels(right=(10, 12, 4, 6), left=(54, 12, 4, 6))
    there = measure_image(evidence.input, evidence.labels)
    assert there.edge > 1.5 * measure_image(evidence.input, elsewhere).edge


def test_noise_has_finer_texture_than_a_gradient() -> None:
    labels = draw_labels()
    noise = np.random.default_rng(0).normal(size=labels.shape).astype(np.float32)
    slope = np.tile(np.linspace(-1, 1, 64, dtype=np.float32), (64, 1))
    assert measure_image(noise, labels).bands[0] > measure_image(slope, labels).bands[0] + 2
    assert measure_image(slope, labels).mirror == pytest.approx(-1, abs=0.01)
    assert measure_image(slope, labels).turned == pytest.approx(1, abs=0.01)


def test_flat_image_has_finite_features() -> None:
    flat = np.zeros((64, 64), np.float32)
    appearance = measure_image(flat, np.zeros((64, 64), np.uint8))
    assert appearance.flat == 1
    assert (appearance.contrast, appearance.mirror) == (0, 0)
    assert not image_thumbnail(flat).any()


def test_pictures_are_standardised() -> None:
    evidence = draw_evidence()
    for picture in (image_thumbnail(evidence.input), chest_thumbnail(evidence.input, evidence.labels)):
        assert picture.shape == (THUMBNAIL_SIDE**2,)
        assert picture.mean() == pytest.approx(0, abs=1e-5)
        assert picture.std() == pytest.approx(1, abs=1e-4)


def test_chest_thumbnail_is_aligned_with_the_lungs() -> None:
    image = draw_evidence().input
    labels = draw_labels()
    moved = np.roll(image, 4, axis=1), np.roll(labels, 4, axis=1)
    np.testing.assert_allclose(chest_thumbnail(*moved), chest_thumbnail(image, labels), atol=0.2)
    np.testing.assert_array_equal(chest_thumbnail(image, np.zeros_like(labels)), image_thumbnail(image))
