"""Right and left are the patient's in every orientation of the image."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from tests.app.conftest import Service
from tests.app.fakes import SIDE, dicom, encode

SMALL, LARGE = (6, 10, 14, 40), (36, 10, 20, 40)


def picture(*boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Dark boxes on bright noise: plain paper would be a margin."""
    pixels = np.random.default_rng(0).integers(205, 255, (SIDE, SIDE), np.uint8)
    for x, y, width, height in boxes:
        pixels[y : y + height, x : x + width] = 0
    return pixels


def radiograph(pixels: NDArray[np.uint8], **attributes: Any) -> bytes:
    made = dcmread(BytesIO(dicom(pixels)))
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    file = BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


def ask(client: Service, data: bytes) -> Any:
    answer: httpx.Response = client.post("/segment?mask=none", content=data)
    assert answer.status_code == 200, answer.text
    return answer.json()


def areas(document: Any) -> tuple[int, int]:
    """Of the right lung and of the left."""
    found = (document["lungs"][side] for side in ("right", "left"))
    right, left = (lung["area_px"] if lung else 0 for lung in found)
    return right, left


def codes(document: Any) -> set[str]:
    return {warning["code"] for warning in document["quality"]["warnings"]}


def seg(client: Service, data: bytes) -> Dataset:
    answer = client.post("/segment", content=data, headers={"Accept": "application/dicom"})
    assert answer.status_code == 200, answer.text
    return dcmread(BytesIO(answer.content))


# The patient as a picture in the usual view, and what is done to it.
TURNS = {
    ("L", "F"): lambda pixels: pixels,
    ("R", "F"): lambda pixels: pixels[:, ::-1],
    ("L", "H"): lambda pixels: pixels[::-1],
    ("R", "H"): lambda pixels: pixels[::-1, ::-1],
    ("F", "L"): lambda pixels: pixels.T,
    ("F", "R"): lambda pixels: pixels.T[::-1],
    ("H", "L"): lambda pixels: pixels.T[:, ::-1],
    ("H", "R"): lambda pixels: pixels.T[::-1, ::-1],
}


@pytest.mark.parametrize("orientation", TURNS)
def test_lungs_are_the_patient_s_in_every_orientation(
    orientation: tuple[str, str], shared_client: Service
) -> None:
    pixels = np.ascontiguousarray(TURNS[orientation](picture(SMALL, LARGE)))
    data = radiograph(pixels, PatientOrientation=list(orientation))
    document = ask(shared_client, data)
    assert areas(document) == (14 * 40, 20 * 40)
    assert document["image"]["sides_from"] == "patient_orientation"
    made = seg(shared_client, data)
    assert list(made.PatientOrientation) == list(orientation)
    assert [int(frame.sum()) for frame in made.pixel_array] == [14 * 40, 20 * 40]
    np.testing.assert_array_equal(made.pixel_array.any(axis=0), pixels < 100)


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (["L", "F"], set()),
        (["R", "F"], {"mirrored"}),
        (["R", "H"], {"rotated"}),
        (["F", "L"], {"mirrored", "rotated"}),
        (["A", "F"], {"not_frontal"}),
        (["L", "R"], {"sides_uncertain"}),
    ],
)
def test_doubtful_orientation_has_a_warning(
    orientation: list[str], expected: set[str], shared_client: Service
) -> None:
    document = ask(shared_client, radiograph(picture(SMALL, LARGE), PatientOrientation=orientation))
    assert codes(document) & {"mirrored", "rotated", "not_frontal", "sides_uncertain"} == expected
    stated = None if "sides_uncertain" in expected else orientation
    assert document["image"]["patient_orientation"] == stated


@pytest.mark.parametrize("data", [dicom(picture(SMALL, LARGE)), encode(picture(SMALL, LARGE))])
def test_right_lung_is_on_the_image_s_left_by_convention(data: bytes, shared_client: Service) -> None:
    document = ask(shared_client, data)
    assert areas(document) == (14 * 40, 20 * 40)
    assert document["image"]["sides_from"] == "convention"


@pytest.mark.parametrize(
    ("box", "laterality", "found", "contradicts"),
    [
        (SMALL, "R", (560, 0), False),
        (SMALL, "L", (0, 560), True),
        (LARGE, "L", (0, 800), False),
        (LARGE, "R", (800, 0), True),
    ],
)
def test_single_lung_has_the_header_s_laterality(
    box: Any, laterality: str, found: tuple[int, int], contradicts: bool, shared_client: Service
) -> None:
    for keyword in ("ImageLaterality", "Laterality"):
        document = ask(shared_client, radiograph(picture(box), **{keyword: laterality}))
        assert areas(document) == found
        assert document["image"]["sides_from"] == "image_laterality"
        assert ("sides_uncertain" in codes(document)) == contradicts


def test_single_lung_in_a_mirrored_image_has_the_right_side(shared_client: Service) -> None:
    document = ask(shared_client, radiograph(picture(SMALL), PatientOrientation=["R", "F"]))
    assert areas(document) == (0, 560)
    assert document["image"]["sides_from"] == "patient_orientation"


@pytest.mark.parametrize("laterality", ["R", "L"])
def test_laterality_is_ignored_for_two_lungs(laterality: str, shared_client: Service) -> None:
    document = ask(shared_client, radiograph(picture(SMALL, LARGE), ImageLaterality=laterality))
    assert areas(document) == (560, 800)
    assert document["image"]["sides_from"] == "convention"


@pytest.mark.parametrize("orientation", [["r", "f"], ["L", "R"]])
@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_seg_has_the_orientation_of_its_labels(orientation: list[str], shared_client: Service) -> None:
    data = radiograph(picture(SMALL, LARGE), PatientOrientation=orientation)
    made = seg(shared_client, data)
    right, left = (int(frame.sum()) for frame in made.pixel_array)
    if orientation == ["r", "f"]:
        assert list(made.PatientOrientation) == ["R", "F"]
        assert (right, left) == (800, 560)
    else:
        assert not made.PatientOrientation
        assert (right, left) == (560, 800)
