import numpy as np
import pytest

from model.preprocessing import Preprocessing
from samples.phantom import phantom


def test_zscore() -> None:
    values = Preprocessing(input_size=64).apply(phantom(width=200, height=150, seed=1).pixels)
    assert values.shape == (64, 64)
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)


def test_unit_is_torchvision_s_to_tensor() -> None:
    from torchvision.transforms.functional import to_tensor

    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    values = Preprocessing(input_size=16, normalisation="unit").apply(pixels)
    np.testing.assert_allclose(values, to_tensor(pixels)[0].numpy())


def test_percentiles_are_clipped() -> None:
    pixels = np.full((100, 100), 100, np.uint8)
    pixels[50:] = 120
    pixels[0, 0] = 255
    values = Preprocessing(input_size=100).normalise(pixels)
    assert values[0, 0] == values.max() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_flat_image_becomes_zeros(value: int) -> None:
    values = Preprocessing(input_size=32).apply(np.full((50, 40), value, np.uint8))
    np.testing.assert_array_equal(values, 0)


def test_sixteen_bits_give_what_eight_give() -> None:
    eight = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    preprocessing = Preprocessing(input_size=64)
    np.testing.assert_allclose(
        preprocessing.apply(eight), preprocessing.apply(eight.astype(np.uint16) * 257), atol=1e-5
    )
    np.testing.assert_allclose(
        preprocessing.apply(eight), preprocessing.apply(eight.astype(np.uint16) * 16), atol=1e-5
    )


@pytest.mark.parametrize(("width", "height"), [(100, 100), (80, 40), (40, 80), (513, 512), (300, 60)])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_the_way_back(width: int, height: int, resize: str) -> None:
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
