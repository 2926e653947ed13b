from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from model.metrics.overlap import overlap
from tests.app.conftest import Service
from tests.app.fakes import Box, decode, dicom, encode, picture, truth
from tests.model.reading.pictures import saved

BOX: Box = (8, 12, 16, 40)
SHIFTED: Box = (12, 12, 16, 40)


def evaluate(client: Service, image: bytes, mask: bytes, query: str = "", accept: str = "*/*") -> Any:
    files = {"image": ("image", image), "mask": ("mask", mask)}
    return client.post(f"/evaluate{query}", files=files, headers={"Accept": accept})


def test_metrics_of_shifted_rectangles_are_exact(shared_client: Service) -> None:
    answer = evaluate(shared_client, encode(picture(BOX)), encode(truth(SHIFTED)))
    assert answer.status_code == 200, answer.text
    document = answer.json()
    metrics = document["metrics"]
    assert set(document) == {
        "image",
        "mask",
        "lungs",
        "heart",
        "cardiothoracic_ratio",
        "quality",
        "model",
        "timing_ms",
        "metrics",
        "ground_truth",
        "disagreement",
    }
    assert document["disagreement"] is None
    assert document["ground_truth"] == {"notes": []}
    # Both are 16 wide, and 12 columns are shared.
    assert metrics["iou"] == pytest.approx(12 / 20)
    assert metrics["dice"] == pytest.approx(24 / 32)
    assert metrics["precision"] == metrics["recall"] == pytest.approx(12 / 16)
    assert metrics["pixel_accuracy"] == pytest.approx(1 - 8 * 40 / 64**2)
    assert metrics["hd95_px"] == pytest.approx(4)
    assert 0 < metrics["assd_px"] < 4
    assert metrics["hd95_mm"] is None
    assert metrics["assd_mm"] is None
    assert metrics["both_empty"] is False
    assert metrics["raw_iou"] == metrics["iou"]
    returned = decode(b64decode(document["mask"]["data"]))
    assert overlap(returned, truth(SHIFTED)).iou == pytest.approx(metrics["iou"], abs=1e-6)


def test_raw_iou_is_that_without_postprocessing(shared_client: Service) -> None:
    pixels = picture(BOX)
    pixels[2:4, 50:52] = 40
    metrics = evaluate(shared_client, encode(pixels), encode(truth(BOX))).json()["metrics"]
    assert metrics["iou"] == 1
    assert metrics["raw_iou"] == pytest.approx(640 / 644)


def test_two_empty_masks_agree(shared_client: Service) -> None:
    blank, nothing = encode(np.full((64, 64), 90, np.uint8)), encode(np.zeros((64, 64), np.uint8))
    metrics = evaluate(shared_client, blank, nothing).json()["metrics"]
    assert metrics["both_empty"] is True
    assert metrics["iou"] == metrics["dice"] == 1
    assert metrics["hd95_px"] is None


def test_mask_of_another_size_is_rejected_or_resized(shared_client: Service) -> None:
    image, half = encode(picture(BOX)), encode(truth((4, 6, 8, 20), side=32))
    answer = evaluate(shared_client, image, half)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:size-mismatch"
    assert "32" in answer.json()["detail"]
    assert evaluate(shared_client, image, half, "?resize=true").json()["metrics"]["iou"] == 1


@pytest.mark.parametrize("fields", [("image",), ("mask",), ("image", "other"), ("image", "mask", "third")])
def test_wrong_fields_are_rejected(shared_client: Service, fields: tuple[str, ...]) -> None:
    data = encode(picture())
    answer = shared_client.post("/evaluate", files=dict.fromkeys(fields, ("x", data)))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:wrong-fields"


def test_body_that_is_not_a_form_is_rejected(shared_client: Service) -> None:
    answer = shared_client.post("/evaluate", content=encode(picture()))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:wrong-fields"


def codes(document: Any) -> list[str]:
    return [note["code"] for note in document["ground_truth"]["notes"]]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_mask_has_the_metrics_of_the_png_mask(shared_client: Service, kind: str) -> None:
    mask = saved(truth(BOX).astype(np.uint8) * np.uint8(255), kind, quality=50)
    document = evaluate(shared_client, encode(picture(BOX)), mask).json()
    assert document["metrics"]["iou"] == pytest.approx(1, abs=0.005)
    assert codes(document) == ["lossy"]
    assert document["ground_truth"]["notes"][0]["message"].endswith("Save masks as PNG.")


def test_mask_that_looks_inverted_has_a_note(shared_client: Service) -> None:
    document = evaluate(shared_client, encode(picture(BOX)), encode(~truth(BOX))).json()
    assert document["metrics"]["iou"] == 0
    assert codes(document) == ["inverted"]


def test_lung_values_select_the_lung(shared_client: Service) -> None:
    values = truth(BOX).astype(np.uint8)
    values[20:40, 40:60] = 3
    joined = evaluate(shared_client, encode(picture(BOX)), encode(values)).json()
    assert joined["metrics"]["iou"] < 0.9
    assert codes(joined) == ["values_joined"]
    named = evaluate(shared_client, encode(picture(BOX)), encode(values), "?lung_values=1,2").json()
    assert named["metrics"]["iou"] == 1
    assert codes(named) == []


@pytest.mark.parametrize("values", ["", "x", "1,", "-1", "1;2", "1,2" * 200])
def test_invalid_lung_values_are_rejected(shared_client: Service, values: str) -> None:
    mask = encode(truth(BOX))
    answer = shared_client.post(
        "/evaluate",
        params={"lung_values": values},
        files={"image": ("image", encode(picture(BOX))), "mask": ("mask", mask)},
    )
    assert answer.status_code == 422
    assert "lung_values" in answer.json()["detail"]


def test_mask_without_background_is_rejected_with_its_field_name(shared_client: Service) -> None:
    answer = evaluate(shared_client, encode(picture(BOX)), encode(np.full((64, 64), 255, np.uint8)))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:unsuitable-mask"
    assert "`mask`" in answer.json()["detail"]
    assert "no background" in answer.json()["detail"]


def test_gif_mask_is_rejected_by_its_format_name(shared_client: Service) -> None:
    answer = evaluate(shared_client, encode(picture(BOX)), saved(truth(BOX).astype(np.uint8), "GIF"))
    assert answer.status_code == 415
    assert "`mask`" in answer.json()["detail"]
    assert "GIF" in answer.json()["detail"]


def test_unreadable_mask_is_rejected(shared_client: Service) -> None:
    answer = evaluate(shared_client, encode(picture()), b"not an image")
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/json, image/png", "application/json"),
        ("image/png", "image/png"),
        ("image/*", "image/png"),
        ("application/json;q=0.5, image/png", "image/png"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/dicom", "application/dicom"),
        ("image/png;q=0, application/*;q=0.2, application/json;q=0.1", "application/dicom"),
    ],
)
def test_accept_selects_the_media_type(shared_client: Service, accept: str, media: str) -> None:
    answer = evaluate(shared_client, dicom(picture(BOX)), encode(truth(SHIFTED)), accept=accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media
    assert answer.headers["vary"] == "Accept"
    if media == "image/png":
        assert np.array_equal(decode(answer.content), truth(BOX))
    if media == "application/dicom":
        assert dcmread(BytesIO(answer.content)).Modality == "SEG"


@pytest.mark.parametrize("render", ["mask", "overlay", "radiograph"])
def test_picture_is_the_same_as_from_segment(shared_client: Service, render: str) -> None:
    image, query = encode(picture(BOX)), f"?render={render}"
    answer = evaluate(shared_client, image, encode(truth(SHIFTED)), query, "image/png")
    same = shared_client.post(f"/segment{query}", content=image, headers={"Accept": "image/png"})
    assert answer.content == same.content


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "*/*;q=0"])
def test_unacceptable_media_type_is_answered_with_406(shared_client: Service, accept: str) -> None:
    answer = evaluate(shared_client, encode(picture()), encode(truth()), accept=accept)
    assert answer.status_code == 406
    assert answer.json()["type"] == "urn:pleura:problem:not-acceptable"


def test_dicom_answer_for_another_image_is_rejected(shared_client: Service) -> None:
    answer = evaluate(shared_client, encode(picture()), encode(truth()), accept="application/dicom")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:pleura:problem:not-dicom"


def test_wrong_mask_is_rejected_for_every_media_type(shared_client: Service) -> None:
    for accept in ("application/json", "image/png"):
        answer = evaluate(shared_client, encode(picture()), encode(truth(side=32)), accept=accept)
        assert answer.json()["type"] == "urn:pleura:problem:size-mismatch"
