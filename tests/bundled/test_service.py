"""Masks over HTTP with the bundled checkpoint, of real radiographs if they are available."""

import base64
import io
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from samples.phantom import phantom

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(params=["montgomery", "shenzhen"])
def pair(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Path, Path]:
    folder = shared_data / request.param / "validation"
    image = sorted((folder / "images").iterdir())[3]
    return image, folder / "masks" / image.name


def _mask(document: dict[str, Any]) -> NDArray[np.bool_]:
    data = base64.b64decode(document["mask"]["data"])
    return np.asarray(Image.open(io.BytesIO(data)).convert("L")) > 0


def _iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def _segment(service: httpx.Client, data: bytes, **query: str) -> dict[str, Any]:
    answer = service.post("/segment", files={"image": data}, params=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_sample_of_the_readme_is_segmented(service: httpx.Client) -> None:
    document = _segment(service, (SAMPLES / "phantom.png").read_bytes())
    truth = np.asarray(Image.open(SAMPLES / "phantom_mask.png").convert("L")) > 0
    assert _iou(_mask(document), truth) >= 0.85
    assert document["lungs"]["right"]["area_px"] > 0
    assert document["lungs"]["left"]["area_px"] > 0
    assert document["model"]["name"] == "pleura-r50-256"


def test_figures_of_the_served_model_are_reported(service: httpx.Client) -> None:
    document = service.get("/model").json()
    assert 0.9 <= document["figures"]["validation"]["all"]["mean_iou"] <= 1
    assert document["figures"]["validation"]["all"]["images"] >= 14


def test_text_of_the_png_equals_the_document(service: httpx.Client) -> None:
    data = (SAMPLES / "phantom.png").read_bytes()
    quality = _segment(service, data)["quality"]
    answer = service.post("/segment.png", content=data)
    assert answer.headers["pleura-trusted"] == str(quality["trusted"]).lower()
    assert float(answer.headers["pleura-predicted-iou"]) == quality["predicted_iou"]
    codes = [code.strip() for code in answer.headers.get("pleura-warnings", "").split(",") if code]
    assert codes == [warning["code"] for warning in quality["warnings"]]


def test_two_radiographs_in_one_picture_are_not_trusted(service: httpx.Client) -> None:
    films = [np.asarray(phantom(width=512, height=512, seed=seed).pixels, np.uint8) for seed in (1, 2)]
    picture = np.hstack(films)
    quality = _segment(service, cv2.imencode(".png", picture)[1].tobytes())["quality"]
    assert "more_than_two_lungs" in [warning["code"] for warning in quality["warnings"]]
    assert quality["trusted"] is False


def test_mask_of_a_real_radiograph_has_its_size_and_the_reported_iou(
    service: httpx.Client, pair: tuple[Path, Path]
) -> None:
    image, mask = (path.read_bytes() for path in pair)
    predicted = _mask(_segment(service, image))
    truth = np.asarray(cv2.imdecode(np.frombuffer(mask, np.uint8), cv2.IMREAD_GRAYSCALE)) > 0
    assert predicted.shape == truth.shape
    answer = service.post("/evaluate", files={"image": image, "mask": mask})
    assert answer.status_code == 200, answer.text
    assert answer.json()["metrics"]["iou"] == pytest.approx(_iou(predicted, truth), abs=1e-6)
    assert answer.json()["metrics"]["iou"] > 0.85


def test_eight_and_sixteen_bits_give_the_same_mask(service: httpx.Client, pair: tuple[Path, Path]) -> None:
    eight = cv2.imread(str(pair[0]), cv2.IMREAD_GRAYSCALE)
    assert eight is not None
    masks = []
    for pixels in (eight, eight.astype(np.uint16) * 257, eight.astype(np.uint16) * 16):
        data = cv2.imencode(".png", pixels)[1].tobytes()
        masks.append(_mask(_segment(service, data)))
    assert _iou(masks[0], masks[1]) >= 0.99
    assert _iou(masks[0], masks[2]) >= 0.99


def test_formats_give_the_same_mask(service: httpx.Client, pair: tuple[Path, Path]) -> None:
    pixels = cv2.imread(str(pair[0]), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    masks = [
        _mask(_segment(service, cv2.imencode(ending, pixels)[1].tobytes()))
        for ending in (".png", ".jpg", ".tiff", ".bmp", ".webp")
    ]
    for mask in masks[1:]:
        assert _iou(masks[0], mask) >= 0.97


def test_mask_and_overlay_are_returned_as_images(service: httpx.Client) -> None:
    data = (SAMPLES / "phantom.png").read_bytes()
    accept = {"Accept": "image/png", "Content-Type": "image/png"}
    mask = Image.open(io.BytesIO(service.post("/segment", content=data, headers=accept).content))
    assert (mask.mode, mask.size) == ("1", (1024, 1024))
    overlay = Image.open(
        io.BytesIO(service.post("/segment?render=overlay", content=data, headers=accept).content)
    )
    assert overlay.size == (1024, 1024)
    colours = np.asarray(overlay.convert("RGB")).astype(int)
    assert np.count_nonzero(np.ptp(colours, axis=2) > 60) > 1000


def test_real_dicom_is_segmented(service: httpx.Client, shared_dicom: Path) -> None:
    masks = {
        path.name: _mask(_segment(service, path.read_bytes())) for path in sorted(shared_dicom.glob("*.dcm"))
    }
    assert len(masks) == 4
    assert _iou(masks["NEMA_RG1_J2KI.dcm"], masks["NEMA_RG1_JLSN.dcm"]) >= 0.98
    for name, mask in masks.items():
        assert 0.05 < mask.mean() < 0.6, name


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"garbage" * 100, 400),
        (b"", 400),
        (b"This is a text that calls itself a picture.", 415),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0\xea\xe8\xfa\xd4", 413),
        ((SAMPLES / "phantom.png").read_bytes()[:100_000], 400),
    ],
    ids=["garbage", "empty", "text", "60000x60000", "truncated"],
)
def test_bad_images_are_rejected_and_the_next_good_one_is_segmented(
    service: httpx.Client, data: bytes, status: int
) -> None:
    answer = service.post("/segment", files={"image": ("image.png", data, "image/png")})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    _segment(service, (SAMPLES / "phantom.png").read_bytes())


def test_a_mask_of_another_size_is_refused(service: httpx.Client) -> None:
    small = cv2.imencode(".png", np.zeros((10, 10), np.uint8))[1].tobytes()
    image = (SAMPLES / "phantom.png").read_bytes()
    answer = service.post("/evaluate", files={"image": image, "mask": small})
    assert answer.status_code == 422
    assert "resize" in answer.json()["detail"]
