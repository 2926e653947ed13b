import json

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco

from model.writing.rle import coco_rle

from .shapes import mask

Mask = NDArray[np.bool_]

# pycocotools' decoder does so with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize(
    "drawn",
    [
        mask(),
        np.zeros((5, 9), np.bool_),
        np.ones((5, 9), np.bool_),
        np.random.default_rng(0).random((64, 37)) < 0.5,
        np.random.default_rng(0).random((64, 37))[::2, 3:] < 0.5,
    ],
)
def test_pycocotools_reads_the_mask_back(drawn: Mask) -> None:
    encoded = json.loads(json.dumps(coco_rle(drawn)))
    assert encoded["size"] == list(drawn.shape)
    np.testing.assert_array_equal(coco.decode(encoded).astype(np.bool_), drawn)
    assert coco.area(encoded) == np.count_nonzero(drawn)


def test_runs_go_down_the_columns() -> None:
    drawn = np.zeros((3, 4), np.bool_)
    drawn[1:, 1] = True  # 4 of background, 2 of lung, 6 of background
    assert coco_rle(drawn) == {"size": [3, 4], "counts": "426"}
