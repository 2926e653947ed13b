"""Radiographs with plain margins: the network sees the cut picture, results have the image's size."""

from base64 import b64decode
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from tests.app.conftest import Service
from tests.app.fakes import Box, decode, dicom, encode, truth

BOX: Box = (8, 12, 16, 40)
PICTURE: Box = (50, 20, 64, 64)
"""Where the film lies in the image."""


def film() -> NDArray[np.uint8]:
    """Bright with many shades, and one dark lung."""
    rows, columns = np.indices((64, 64))
    return np.where(truth(BOX), 10, 170 + (rows + columns) // 4).astype(np.uint8)


def mounted(level: int, *, height: int = 110, width: int = 180) -> NDArray[np.uint8]:
    image = np.full((height, width), level, np.uint8)
    x, y, across, down = PICTURE
    image[y : y + down, x : x + across] = film()
    return image


def mounted_truth() -> NDArray[np.bool_]:
    mask = np.zeros((110, 180), bool)
    x, y, across, down = PICTURE
    mask[y : y + down, x : x + across] = truth(BOX)
    return mask


def document(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("level", [0, 90, 255])
def test_mask_is_placed_inside_the_margins(level: int, shared_client: Service) -> None:
    found = document(shared_client.post("/segment", content=encode(mounted(level))))
    assert found["image"]["applied"] == ["margins_cut"]
    assert found["image"]["picture"] == list(PICTURE)
    assert (found["image"]["width"], found["image"]["height"]) == (180, 110)
    np.testing.assert_array_equal(decode(b64decode(found["mask"]["data"])), mounted_truth())


def test_lung_coordinates_are_relative_to_the_image_s_corner(shared_client: Service) -> None:
    lung = document(shared_client.post("/segment", content=encode(mounted(255))))["lungs"]["right"]
    plain = document(shared_client.post("/segment", content=encode(film())))["lungs"]["right"]
    x, y, width, height = plain["box"]
    assert lung["box"] == [x + PICTURE[0], y + PICTURE[1], width, height]
    assert lung["centroid"] == pytest.approx(
        [plain["centroid"][0] + PICTURE[0], plain["centroid"][1] + PICTURE[1]]
    )
    assert lung["area_px"] == plain["area_px"]


def test_image_without_margins_has_no_picture_box(shared_client: Service) -> None:
    image = document(shared_client.post("/segment", content=encode(film())))["image"]
    assert image["picture"] is None
    assert image["applied"] == []


def test_margins_do_not_affect_the_quality(shared_client: Service) -> None:
    within = document(shared_client.post("/segment", content=encode(mounted(255))))["quality"]
    alone = document(shared_client.post("/segment", content=encode(film())))["quality"]
    assert within == alone


def test_evaluate_compares_masks_of_the_whole_image(shared_client: Service) -> None:
    files = {"image": encode(mounted(255)), "mask": encode(mounted_truth())}
    found = document(shared_client.post("/evaluate", files=files))
    assert found["metrics"]["iou"] == found["metrics"]["raw_iou"] == 1
    assert found["image"]["picture"] == list(PICTURE)


@pytest.mark.parametrize("level", [0, 255])
def test_seg_has_the_size_of_its_source(level: int, shared_client: Service) -> None:
    answer = shared_client.post(
        "/segment", content=dicom(mounted(level)), headers={"Accept": "application/dicom"}
    )
    assert answer.status_code == 200, answer.text
    made = dcmread(DicomBytesIO(answer.content))
    assert (made.Rows, made.Columns) == (110, 180)
    np.testing.assert_array_equal(made.pixel_array.reshape(-1, 110, 180).any(axis=0), mounted_truth())


@pytest.mark.parametrize("render", ["mask", "overlay", "radiograph"])
def test_pictures_have_the_size_of_the_image(render: str, shared_client: Service) -> None:
    answer = shared_client.post(
        f"/segment?render={render}", content=encode(mounted(255)), headers={"Accept": "image/png"}
    )
    assert answer.status_code == 200, answer.text
    assert decode(answer.content).shape == (110, 180)
