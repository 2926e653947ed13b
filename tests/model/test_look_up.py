import numpy as np
import pytest

from model.look_up import look_up


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 2**20), (2**11 + 3, 2**10)])
def test_look_up_equals_indexing(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    indices = random.integers(0, 300, shape).astype(np.uint16)
    for table in (
        random.integers(0, 255, 300).astype(np.uint8),
        random.integers(0, 9, (300, 3)).astype(np.uint16),
    ):
        found = look_up(table, indices)
        assert found.dtype == table.dtype
        np.testing.assert_array_equal(found, table[indices])
