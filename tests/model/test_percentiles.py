import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from model.percentiles import percentiles_of_bytes

LEVELS = np.arange(256, dtype=np.float32) / np.float32(255)


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_percentiles_are_numpys_bit_by_bit(pixels: NDArray[np.uint8], one: float, other: float) -> None:
    expected = np.percentile(LEVELS[pixels], (one, other))
    np.testing.assert_array_equal(percentiles_of_bytes(pixels, LEVELS, (one, other)), expected)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_uniform_image_has_its_value_as_each_percentile(value: int) -> None:
    pixels = np.full((30, 20), value, np.uint8)
    assert percentiles_of_bytes(pixels, LEVELS, (0, 1, 50, 100)) == [LEVELS[value]] * 4
