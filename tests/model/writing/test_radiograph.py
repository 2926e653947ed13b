from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.radiograph import Radiograph
from model.writing.radiograph import radiograph_png


def shown(pixels: NDArray[Any]) -> NDArray[Any]:
    height, width = pixels.shape
    data = radiograph_png(Radiograph(pixels=pixels, format="array", width=width, height=height))
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    return read


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_black_and_white_are_the_darkest_and_the_brightest(dtype: type[np.generic]) -> None:
    ramp = np.tile(np.arange(100, 151, dtype=dtype), (40, 1))
    picture = shown(ramp)
    assert picture.dtype == np.uint8
    assert picture.shape == ramp.shape
    assert picture[0, 0] == 0
    assert picture[0, -1] == 255
    assert (np.diff(picture[0].astype(int)) >= 0).all()


def test_blank_image_is_written() -> None:
    assert np.ptp(shown(np.full((5, 9), 77, np.uint8))) == 0
