import numpy as np
import pytest

from model.quality.image_features import PICTURE_SIDE, chest_picture, measure_appearance, whole_picture

from .drawings import draw_evidence, draw_labels


def test_lungs_are_darker_than_what_lies_round_them_unless_inverted() -> None:
    upright, inverted = draw_evidence(), draw_evidence(inverted=True)
    ours = measure_appearance(upright.input, upright.labels)
    theirs = measure_appearance(inverted.input, inverted.labels)
    assert ours.contrast > 1.5
    assert ours.middle > 1.5
    assert theirs.contrast == pytest.approx(-ours.contrast, rel=1e-3)


def test_an_edge_is_steep_where_the_image_changes() -> None:
    evidence = draw_evidence()
    elsewhere = draw_labels(right=(10, 12, 4, 6), left=(54, 12, 4, 6))
    there = measure_appearance(evidence.input, evidence.labels)
    assert there.edge > 1.5 * measure_appearance(evidence.input, elsewhere).edge


def test_noise_has_finer_grain_than_a_slope() -> None:
    labels = draw_labels()
    noise = np.random.default_rng(0).normal(size=labels.shape).astype(np.float32)
    slope = np.tile(np.linspace(-1, 1, 64, dtype=np.float32), (64, 1))
    assert measure_appearance(noise, labels).bands[0] > measure_appearance(slope, labels).bands[0] + 2
    assert measure_appearance(slope, labels).mirror == pytest.approx(-1, abs=0.01)
    assert measure_appearance(slope, labels).turned == pytest.approx(1, abs=0.01)


def test_a_flat_image_gives_numbers() -> None:
    flat = np.zeros((64, 64), np.float32)
    appearance = measure_appearance(flat, np.zeros((64, 64), np.uint8))
    assert appearance.flat == 1
    assert (appearance.contrast, appearance.mirror) == (0, 0)
    assert not whole_picture(flat).any()


def test_pictures_are_standardised() -> None:
    evidence = draw_evidence()
    for picture in (whole_picture(evidence.input), chest_picture(evidence.input, evidence.labels)):
        assert picture.shape == (PICTURE_SIDE**2,)
        assert picture.mean() == pytest.approx(0, abs=1e-5)
        assert picture.std() == pytest.approx(1, abs=1e-4)


def test_the_picture_of_the_chest_follows_the_lungs() -> None:
    image = draw_evidence().input
    labels = draw_labels()
    moved = np.roll(image, 4, axis=1), np.roll(labels, 4, axis=1)
    np.testing.assert_allclose(chest_picture(*moved), chest_picture(image, labels), atol=0.2)
    np.testing.assert_array_equal(chest_picture(image, np.zeros_like(labels)), whole_picture(image))
