"""A mask that a person corrected: as DICOM SEG, and kept for training."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom import Dataset, dcmread

from model.reading import read, read_mask
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import dicom, encode, picture, truth
from training.data.folders import find_samples

LABELS = truth((8, 12, 16, 40)).astype(np.uint8) + 2 * truth((40, 12, 10, 30)).astype(np.uint8)
RADIOGRAPH = picture((8, 12, 16, 40))


def files(image: bytes, labels: np.ndarray = LABELS) -> dict[str, bytes]:
    return {"image": image, "mask": encode(labels)}


@pytest.mark.parametrize(
    ("query", "author", "words"),
    [
        ("", "SEMIAUTOMATIC", "corrected by hand"),
        ("?author=semiautomatic", "SEMIAUTOMATIC", "corrected by hand"),
        ("?author=manual", "MANUAL", "drawn by hand"),
    ],
)
def test_seg_names_the_author_of_the_mask(
    shared_client: Service, query: str, author: str, words: str
) -> None:
    answer = shared_client.post(f"/corrected.dcm{query}", files=files(dicom(RADIOGRAPH)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom"
    made = dcmread(BytesIO(answer.content))
    assert words in made.SeriesDescription
    for segment in made.SegmentSequence:
        assert segment.SegmentAlgorithmType == author
        named = [one.AlgorithmName for one in segment.get("SegmentationAlgorithmIdentificationSequence", [])]
        assert named == ([] if author == "MANUAL" else ["fake"])
    assert f"Pleura-Author: {author.lower()}" in made.ImageComments
    assert "Pleura-Trusted" not in made.ImageComments
    assert np.array_equal(made.pixel_array[0], LABELS == 1)
    assert np.array_equal(made.pixel_array[1], LABELS == 2)


@pytest.mark.parametrize(("author", "words"), [("semiautomatic", "corrected"), ("manual", "drawn")])
def test_presentation_state_names_the_author_of_the_mask(
    shared_client: Service, author: str, words: str
) -> None:
    image = dicom(RADIOGRAPH)
    answer = shared_client.post(f"/corrected.dcm?form=gsps&author={author}", files=files(image))
    assert answer.headers["content-type"] == "application/dicom"
    made = dcmread(BytesIO(answer.content))
    network = dcmread(BytesIO(shared_client.post("/segment.dcm?form=gsps", content=image).content))
    assert made.SOPClassUID == network.SOPClassUID
    assert made.SeriesInstanceUID != network.SeriesInstanceUID
    assert made.SeriesDescription.startswith(f"Lung outlines, {words} by hand")
    assert made.ContentDescription == f"{words.capitalize()} by hand"
    right, left, text = made.GraphicAnnotationSequence
    assert box(right) == (8, 12, 24, 52)
    assert box(left) == (40, 12, 50, 42)
    shown = text.TextObjectSequence[0].UnformattedTextValue
    assert shown.startswith(f"{words.capitalize()} by hand")
    assert "rust" not in shown


def box(annotation: Dataset) -> tuple[float, ...]:
    """Left, top, right and bottom of the only outline."""
    (one,) = annotation.GraphicObjectSequence
    points = np.asarray(one.GraphicData).reshape(-1, 2)
    return (*points.min(axis=0), *points.max(axis=0))


def test_corrected_seg_has_a_different_series_than_the_network_s(shared_client: Service) -> None:
    image = dicom(RADIOGRAPH)
    network = dcmread(BytesIO(shared_client.post("/segment.dcm", content=image).content))
    corrected = dcmread(BytesIO(shared_client.post("/corrected.dcm", files=files(image)).content))
    assert network.SeriesInstanceUID != corrected.SeriesInstanceUID
    assert network.SOPInstanceUID != corrected.SOPInstanceUID
    assert network.StudyInstanceUID == corrected.StudyInstanceUID


@pytest.mark.parametrize(
    ("image", "labels", "word"),
    [
        (encode(RADIOGRAPH), LABELS, "not-dicom"),
        (dicom(RADIOGRAPH), LABELS[:32], "size-mismatch"),
        (dicom(RADIOGRAPH), LABELS * 100, "unsuitable-mask"),
    ],
)
def test_image_other_than_dicom_is_rejected(
    shared_client: Service,
    image: bytes,
    labels: np.ndarray,
    word: str,
) -> None:
    for form in ("seg", "gsps"):
        answer = shared_client.post(f"/corrected.dcm?form={form}", files=files(image, labels))
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(word)


def test_nothing_is_saved_without_a_configured_folder(shared_client: Service) -> None:
    assert shared_client.get("/collection").json() == {"kept": False}
    answer = shared_client.post("/collection", files=files(encode(RADIOGRAPH)))
    assert answer.status_code == 409
    assert "PLEURA_COLLECTION" in answer.json()["detail"]


def deep(radiograph: np.ndarray) -> bytes:
    done, data = cv2.imencode(".png", radiograph.astype(np.uint16) * 257)
    assert done
    return data.tobytes()


@pytest.mark.parametrize("image", [encode(RADIOGRAPH), dicom(RADIOGRAPH), deep(RADIOGRAPH)])
def test_collection_can_be_read_by_training(make_client: MakeClient, tmp_path: Path, image: bytes) -> None:
    client = make_client(collection=tmp_path / "kept")
    assert client.get("/collection").json() == {"kept": True}
    answer = client.post("/collection", files=files(image))
    assert answer.status_code == 200
    # Corrected once more, it takes its place.
    better = np.where(LABELS == 2, 0, LABELS).astype(np.uint8)
    assert client.post("/collection", files=files(image, better)).json() == answer.json()
    (sample,) = find_samples([tmp_path / "kept"])
    assert sample.stem == answer.json()["name"]
    assert np.array_equal(read(sample.image).pixels, read(image).pixels)
    assert np.array_equal(read_mask(sample.masks[0]), better > 0)
    assert b"DOE" not in sample.image.read_bytes()


def test_unwritable_collection_is_reported(make_client: MakeClient, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    client = make_client(collection=tmp_path / "file")
    answer = client.post("/collection", files=files(encode(RADIOGRAPH)))
    assert answer.status_code == 507
    assert "PLEURA_COLLECTION" in answer.json()["detail"]
