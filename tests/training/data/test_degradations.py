import numpy as np
import pytest

from training.data.degradations import DEGRADATIONS, touch_up


def _drawing() -> tuple[
    np.ndarray[tuple[int, int], np.dtype[np.uint8]], np.ndarray[tuple[int, int], np.dtype[np.bool_]]
]:
    """A dark rectangle, which is the truth, on a bright ground that is not square."""
    pixels = np.full((96, 128), 200, np.uint8)
    pixels[30:70, 20:60] = 40
    return pixels, pixels < 100


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_image_and_mask_have_the_same_size(name: str, strength: float) -> None:
    pixels, mask = _drawing()
    changed, moved = DEGRADATIONS[name](pixels, mask, strength, np.random.default_rng(3))
    assert changed.dtype == np.uint8
    assert moved.dtype == np.bool_
    assert changed.shape == moved.shape
    assert changed.flags.c_contiguous
    np.testing.assert_array_equal(pixels, _drawing()[0])


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_the_same_generator_gives_the_same_image(name: str) -> None:
    once, again = (DEGRADATIONS[name](*_drawing(), 0.7, np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("name", ["rotation", "far_away", "squeezed", "wavy", "crop"])
def test_mask_moves_with_the_image(name: str) -> None:
    pixels, mask = _drawing()
    for seed in range(5):
        changed, moved = DEGRADATIONS[name](pixels, mask, 0.4, np.random.default_rng(seed))
        seen = (
            (changed < 100) & (changed > 20)
            if name in ("rotation", "far_away", "squeezed")
            else changed < 100
        )
        assert (seen[moved]).mean() > 0.85 if moved.any() else True


def test_covered_lungs_stay_in_the_mask() -> None:
    for name in ("covers", "half_covered", "white_lung"):
        _, moved = DEGRADATIONS[name](*_drawing(), 1.0, np.random.default_rng(0))
        np.testing.assert_array_equal(moved, _drawing()[1])


def test_half_covered_hides_the_given_share() -> None:
    mask = _drawing()[1]
    ramp = np.tile(np.arange(100, 228, dtype=np.uint8), (96, 1))
    covered, _ = DEGRADATIONS["half_covered"](ramp, mask, 0.0, np.random.default_rng(0))
    assert 0.24 < (covered != ramp).mean() < 0.26


def test_touch_up_keeps_the_size() -> None:
    changed = touch_up(_drawing()[0], np.random.default_rng(0))
    assert changed.shape == (96, 128)
    assert changed.dtype == np.uint8
