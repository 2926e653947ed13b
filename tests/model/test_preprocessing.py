import numpy as np
import pytest

from model.preprocessing import Preprocessing, grey_range, unit_range
from samples.phantom import phantom


def test_zscore_has_zero_mean_and_unit_variance() -> None:
    values = Preprocessing(input_size=64).apply(phantom(width=200, height=150, seed=1).pixels)
    assert values.shape == (64, 64)
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)


def test_unit_agrees_with_torchvision_s_to_tensor() -> None:
    from torchvision.transforms.functional import to_tensor

    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    values = Preprocessing(input_size=16, normalisation="unit").apply(pixels)
    np.testing.assert_allclose(values, to_tensor(pixels)[0].numpy())


def test_percentiles_are_clipped() -> None:
    pixels = np.full((100, 100), 100, np.uint8)
    pixels[50:] = 120
    pixels[0, 0] = 255
    values = Preprocessing(input_size=100).apply(pixels)
    assert values[0, 0] == values.max() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_flat_image_becomes_zeros(value: int) -> None:
    values = Preprocessing(input_size=32).apply(np.full((50, 40), value, np.uint8))
    np.testing.assert_array_equal(values, 0)


def test_sixteen_bits_give_the_result_of_eight() -> None:
    eight = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    preprocessing = Preprocessing(input_size=64)
    np.testing.assert_allclose(
        preprocessing.apply(eight), preprocessing.apply(eight.astype(np.uint16) * 257), atol=1e-5
    )
    np.testing.assert_allclose(
        preprocessing.apply(eight), preprocessing.apply(eight.astype(np.uint16) * 16), atol=1e-5
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("normalisation", ["unit", "zscore"])
def test_bit_depth_in_use_does_not_matter(bits: int, normalisation: str) -> None:
    drawn = phantom(width=200, height=150, seed=1).pixels.astype(np.float64) / 255
    preprocessing = Preprocessing.model_validate({"input_size": 64, "normalisation": normalisation})
    served = preprocessing.apply(np.rint(drawn * (2**bits - 1)).astype(np.uint16))
    full = preprocessing.apply(np.rint(drawn * 65535).astype(np.uint16))
    np.testing.assert_allclose(served, full, atol=0.02)
    if normalisation == "unit":
        assert served.max() > 0.95


def test_bright_letter_does_not_set_the_range() -> None:
    pixels = (phantom(width=200, height=150, seed=1).pixels.astype(np.uint16)) * 16
    marked = pixels.copy()
    marked[5:9, 5:9] = 65535
    np.testing.assert_allclose(grey_range(marked), grey_range(pixels), atol=64)
    assert np.median(unit_range(marked)) == pytest.approx(np.median(unit_range(pixels)), abs=0.02)
    assert unit_range(marked).max() == 1


def test_sixteen_bits_of_two_values_are_black_and_white() -> None:
    pixels = np.zeros((100, 100), np.uint16)
    pixels[3, 4] = 7
    assert grey_range(pixels) == (0, 7)
    assert sorted(set(unit_range(pixels).ravel())) == [0, 1]


@pytest.mark.parametrize(("width", "height"), [(100, 100), (80, 40), (40, 80), (513, 512), (300, 60)])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_output_is_restored_to_native_size(width: int, height: int, resize: str) -> None:
    """A mask that is brought to the network's square as an image is comes back where it was."""
    preprocessing = Preprocessing.model_validate(
        {"input_size": 64, "resize": resize, "normalisation": "unit"}
    )
    mask = np.zeros((height, width), np.uint8)
    mask[: height // 2, width // 4 : width // 2] = 255
    back = preprocessing.restore(preprocessing.apply(mask), width=width, height=height) > 0.5
    assert back.shape == (height, width)
    # At most a pixel of the square along each edge.
    wrong = np.count_nonzero(back != (mask > 0))
    assert wrong <= 0.09 * mask.size


def test_letterbox_keeps_the_aspect_ratio_and_pads_with_the_darkest() -> None:
    preprocessing = Preprocessing(input_size=64, resize="letterbox")
    assert preprocessing.frame(width=200, height=100) == (slice(16, 48), slice(0, 64))
    values = preprocessing.apply(np.tile(np.arange(200, dtype=np.uint8), (100, 1)))
    assert np.unique(values[:16]) == values.min()


def test_sixteen_bits_are_scaled_by_what_is_used_of_them() -> None:
    twelve = np.array([[100, 4095], [2097, 100]], np.uint16)
    assert unit_range(twelve).tolist() == [[0, 1], [pytest.approx(0.5, abs=1e-3), 0]]
    assert unit_range(np.full((2, 2), 7, np.uint16)).tolist() == [[0, 0], [0, 0]]
    assert unit_range(np.array([[0, 51]], np.uint8)).tolist() == [[0, pytest.approx(0.2)]]
