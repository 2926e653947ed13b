"""The picture of a case, for the report and for the cleaned masks."""

import cv2
import numpy as np

from model.writing.colours import MASK_COLOUR, TRUTH_COLOUR
from training.evaluation.evaluate import Images
from training.evaluation.figures import case_overlays, case_picture


def test_what_only_one_mask_holds_has_the_colour_of_its_outline() -> None:
    truth, prediction = np.zeros((2, 200, 200), np.bool_)
    truth[40:160, 20:100] = True
    prediction[40:160, 60:140] = True
    images = Images(np.full((200, 200), 90, np.uint8), truth, prediction)
    strip = cv2.imdecode(np.frombuffer(case_overlays(images, side=200), np.uint8), cv2.IMREAD_COLOR)
    assert strip is not None
    outlined_truth, outlined_prediction, difference = (
        strip[:, start : start + 200, ::-1].astype(int) for start in (0, 204, 408)
    )
    assert np.abs(outlined_truth[100, 20] - TRUTH_COLOUR).max() < 40
    assert np.abs(outlined_prediction[100, 60] - MASK_COLOUR).max() < 40
    missed, extra = difference[100, 40], difference[100, 120]
    assert np.abs(missed - TRUTH_COLOUR).max() < 80
    assert np.abs(extra - MASK_COLOUR).max() < 80
    assert np.ptp(difference[100, 80]) < 10, "grey where the masks agree"


def test_picture_of_a_case_has_four_panels() -> None:
    mask = np.ones((100, 80), np.bool_)
    data = case_picture(Images(np.full((100, 80), 90, np.uint8), mask, mask), iou=1.0, side=100)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (100 + 24, 4 * 80 + 3 * 4, 3)
