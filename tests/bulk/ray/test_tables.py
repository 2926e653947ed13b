"""Rows that the workers of a cluster exchange."""

import numpy as np
import pyarrow as pa

from bulk.ray.tables import READ, pack, unpack
from samples.phantom import phantom
from tests.app.fakes import segmenter


def test_row_keeps_the_picture_box() -> None:
    page = np.pad(
        phantom(width=64, height=64).pixels.astype(np.uint8), ((20, 40), (70, 10)), constant_values=255
    )
    chain = segmenter()
    prepared = chain.prepare(page)
    (inferred,) = chain.run([prepared])
    (row,) = pa.Table.from_pylist([{"path": "a.png"} | pack(prepared)], READ).to_pylist()
    assert row["picture"] == [70, 20, 64, 64]
    travelled = unpack(row, chain.metadata)
    expected, found = (chain.finish(one, inferred) for one in (prepared, travelled))
    assert found.mask.shape == page.shape
    np.testing.assert_array_equal(found.labels, expected.labels)
