from typing import Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.heart import keep_heart
from model.margins import put_back
from model.native_size import heart_at_native_size, restore
from model.preprocessing import Preprocessing
from model.radiograph import Radiograph

SIDE = 64


def probabilities(*boxes: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """Return soft boxes of left, top, width and height."""
    square = np.zeros((SIDE, SIDE), np.float32)
    for left, top, width, height in boxes:
        square[top : top + height, left : left + width] = 1
    return np.asarray(cv2.blur(square, (5, 5)), np.float32)


@pytest.mark.parametrize("boxes", [[], [(24, 30, 16, 14)], [(0, 0, 20, 20)], [(50, 52, 14, 12)]])
@pytest.mark.parametrize(("width", "height"), [(64, 64), (310, 130), (97, 311), (50, 40)])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
@pytest.mark.parametrize("margin", [0, 37])
def test_heart_is_that_of_the_whole_image(
    boxes: list[tuple[int, int, int, int]],
    width: int,
    height: int,
    resize: Literal["stretch", "letterbox"],
    margin: int,
) -> None:
    preprocessing = Preprocessing(input_size=SIDE, resize=resize)
    image = np.zeros((height + 2 * margin, width + margin), np.uint8)
    picture = (margin, margin, width, height) if margin else None
    radiograph = Radiograph(
        pixels=image, format="array", width=image.shape[1], height=image.shape[0], picture=picture
    )
    labels = np.zeros(image.shape, np.uint8)
    labels[:, : image.shape[1] // 2] = 1
    heart = probabilities(*boxes)
    mask, region, _ = heart_at_native_size(heart, labels, radiograph, preprocessing)
    whole = restore(keep_heart(heart, threshold=0.5), radiograph, preprocessing) >= 0.5
    np.testing.assert_array_equal(mask, put_back(whole, radiograph) & (labels == 0))
    assert np.count_nonzero(mask[region]) == np.count_nonzero(mask)
