"""The synchronous client against a real service."""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from pleura_client import InvalidArgument, Pleura, RequestRefused, Warning
from pydicom import dcmread

from tests.app.fakes import decode, dicom, encode, picture, truth
from tests.client.serving import Running
from tests.client.transports import Script, client_of, segmentation_document


def sources(folder: Path) -> dict[str, Any]:
    path = folder / "radiograph.png"
    data = path.read_bytes()
    return {
        "path": path,
        "name": str(path),
        "bytes": data,
        "bytearray": bytearray(data),
        "memoryview": memoryview(data),
        "uint8": picture(),
        "uint16": picture().astype(np.uint16) * np.uint16(257),
        "big-endian": (picture().astype(np.uint16) * np.uint16(257)).astype(">u2"),
        "DICOM": folder / "radiograph.dcm",
    }


@pytest.mark.parametrize(
    "kind",
    ["path", "name", "bytes", "bytearray", "memoryview", "uint8", "uint16", "big-endian", "DICOM"],
)
def test_mask_is_the_service_s_for_every_source(pleura: Pleura, folder: Path, kind: str) -> None:
    segmentation = pleura.segment(sources(folder)[kind])
    assert segmentation.mask.dtype == np.bool_
    assert np.array_equal(segmentation.mask, truth())


def test_segmentation_has_lungs_quality_and_model(pleura: Pleura) -> None:
    segmentation = pleura.segment(dicom(picture((8, 12, 16, 40))))
    right = segmentation.lungs.right
    assert right is not None
    assert (right.area_px, right.area_mm2, right.box) == (16 * 40, 16 * 40 / 4, (8, 12, 16, 40))
    assert right.centroid == pytest.approx((15.5, 31.5))
    assert segmentation.lungs.left is None
    assert (segmentation.image.width, segmentation.image.height, segmentation.image.format) == (
        64,
        64,
        "dicom",
    )
    assert segmentation.spacing_mm == (0.5, 0.5)
    assert segmentation.image.spacing_plane == "unknown"
    assert segmentation.image.sides_from == "convention"
    assert segmentation.image.left_at == "right"
    assert segmentation.image.patient_orientation is None
    assert isinstance(segmentation.image.applied, tuple)
    assert segmentation.model.name == "fake"
    assert segmentation.model.threshold == 0.5
    assert segmentation.timing_ms.inference >= 0
    assert segmentation.quality.predicted_iou is None


def test_mask_has_the_shape_of_the_image(pleura: Pleura) -> None:
    pixels = cv2.resize(picture(), (200, 90), interpolation=cv2.INTER_NEAREST)
    mask = pleura.segment(pixels).mask
    assert mask.shape == (90, 200)
    assert mask.flags.c_contiguous
    assert np.array_equal(mask, decode(raw_mask(pleura, pixels)))


def raw_mask(pleura: Pleura, pixels: Any) -> bytes:
    """The mask as the service's own PNG of it."""
    answer = pleura._client.post("segment", content=encode(pixels), headers={"Accept": "image/png"})
    return answer.content


def test_options_are_passed_on(pleura: Pleura) -> None:
    pixels = picture()
    pixels[2:4, 50:52] = 40
    assert np.array_equal(pleura.segment(pixels).mask, truth())
    assert np.array_equal(pleura.segment(pixels, postprocess=False).mask, pixels < 100)
    strict = pleura.segment(pixels, threshold=0.99)
    assert not strict.mask.any()
    assert strict.lungs.right is None
    assert strict.model.threshold == 0.99


def test_warnings_have_code_and_message(pleura: Pleura) -> None:
    quality = pleura.segment(np.full((64, 64), 90, np.uint8)).quality
    assert not quality.trusted
    assert quality.warnings
    assert all(isinstance(warning, Warning) and warning.message for warning in quality.warnings)


def test_evaluate_returns_metrics(pleura: Pleura) -> None:
    perfect = pleura.evaluate(picture(), truth())
    assert (perfect.metrics.iou, perfect.metrics.dice, perfect.metrics.hd95_px) == (1, 1, 0)
    assert np.array_equal(perfect.mask, truth())
    half = pleura.evaluate(encode(picture((8, 12, 16, 40))), encode(truth((8, 12, 16, 20))))
    assert half.metrics.iou == pytest.approx(0.5)
    assert half.metrics.hd95_mm is None
    assert half.metrics.both_empty is False


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_ground_truth_of_any_dtype_is_sent(pleura: Pleura, kind: Any) -> None:
    assert pleura.evaluate(picture(), truth().astype(kind)).metrics.iou == 1


def test_notes_about_a_ground_truth_are_returned(pleura: Pleura) -> None:
    assert pleura.evaluate(picture(), truth()).ground_truth.notes == ()
    labels = truth().astype(np.int32) * 2
    labels[40:60, 40:60] = 1
    joined = pleura.evaluate(picture(), labels)
    (note,) = joined.ground_truth.notes
    assert note.code == "values_joined"
    assert "(1 and 2)" in note.message
    assert pleura.evaluate(picture(), labels, lung_values=[2]).metrics.iou == 1


def test_shares_of_lung_are_cut_at_half(pleura: Pleura) -> None:
    shares = cv2.GaussianBlur(truth().astype(np.float32), (0, 0), 1)
    found = pleura.evaluate(picture(), shares)
    assert found.metrics.iou > 0.97
    assert [note.code for note in found.ground_truth.notes] == ["grey_levels"]


@pytest.mark.parametrize(
    "mask",
    [np.full((64, 64), -1), np.full((64, 64), 70_000), np.full((64, 64), np.nan), np.full((64, 64), "a")],
)
def test_array_that_is_not_a_mask_is_rejected(pleura: Pleura, mask: NDArray[Any]) -> None:
    with pytest.raises(InvalidArgument, match="mask of"):
        pleura.evaluate(picture(), mask)


def test_ground_truth_of_another_size_is_rejected_or_resized(pleura: Pleura) -> None:
    large = cv2.resize(truth().view(np.uint8), (128, 128), interpolation=cv2.INTER_NEAREST)
    with pytest.raises(RequestRefused, match="128×128"):
        pleura.evaluate(picture(), large)
    assert pleura.evaluate(picture(), large, resize=True).metrics.iou == 1


def test_overlay_is_a_png(pleura: Pleura) -> None:
    data = pleura.overlay(picture())
    colours = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert colours is not None
    assert colours.shape == (64, 64, 3)


def test_seg_is_dicom(pleura: Pleura, folder: Path) -> None:
    made = dcmread(BytesIO(pleura.seg(folder / "radiograph.dcm")))
    assert made.Modality == "SEG"
    assert np.count_nonzero(made.pixel_array) == np.count_nonzero(truth())
    with pytest.raises(RequestRefused) as caught:
        pleura.seg(encode(picture()))
    assert caught.value.problem.type == "urn:pleura:problem:not-dicom"


def test_files_say_whether_their_mask_is_trusted(pleura: Pleura, folder: Path) -> None:
    segmentation = pleura.segment(folder / "radiograph.dcm")
    judged = segmentation.quality
    for made in (pleura.overlay(folder / "radiograph.dcm"), pleura.seg(folder / "radiograph.dcm")):
        assert made.trust.trusted is judged.trusted is False
        assert made.trust.predicted_iou is judged.predicted_iou is None
        assert made.trust.warnings == tuple(warning.code for warning in judged.warnings)
        assert made.trust.checkpoint == segmentation.model.name == "fake"
        # To another process, for instance.
        again = pickle.loads(pickle.dumps(made))
        assert (again, again.trust) == (made, made.trust)


def test_model_and_readiness_are_returned(pleura: Pleura) -> None:
    model = pleura.model()
    assert (model.name, model.engine, model.num_classes) == ("fake", "fake-fp32", 2)
    assert model.preprocessing["input_size"] == 64
    assert pleura.ready()


def test_results_outlive_the_client(service: Running) -> None:
    with Pleura(service.url) as pleura:
        segmentation = pleura.segment(picture())
    segmentation.mask[0, 0] = True
    assert segmentation.mask[0, 0]


def test_heart_and_ratio_where_the_service_finds_hearts() -> None:
    heart = {"area_px": 4, "area_mm2": None, "box": [0, 1, 2, 2], "centroid": [0.5, 1.5]}
    ratio = {"value": 0.5, "reason": None, "remarks": ["AP view"], "method": "widest"}
    document = segmentation_document(heart=heart, cardiothoracic_ratio=ratio)
    with client_of(Script(httpx.Response(200, json=document)), []) as pleura:
        found = pleura.segment(encode(picture()))
    assert found.heart is not None
    assert found.heart.box == (0, 1, 2, 2)
    assert found.cardiothoracic_ratio is not None
    assert (found.cardiothoracic_ratio.value, found.cardiothoracic_ratio.remarks) == (0.5, ("AP view",))
