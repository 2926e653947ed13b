from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import LUNG_AND_HEART, CheckpointMetadata
from model.engines import EngineOutput
from model.engines.flips import FlipAveraged
from model.errors import CheckpointError, ImageTooLarge, UnsuitableImage
from model.lungs import LEFT, RIGHT, label_lungs, measure
from model.metrics.overlap import overlap
from model.postprocessing import postprocess as keep_lungs
from model.preprocessing import Preprocessing
from model.quality import Evidence
from model.segmenter import Segmenter
from model.writing.document import document
from samples.phantom import phantom
from tests.model.quality.quality_models import make_quality_model


class Dark:
    """An engine without a network: the dark parts of the image are lung."""

    name = "fake"
    device = "cpu"
    max_batch = 4
    streams = 1

    def __init__(self, *, specks: bool = False) -> None:
        self.specks = specks
        self.batches: list[int] = []

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        self.batches.append(len(batch))
        lung = (batch[:, 0] < -0.5).astype(np.float32) * 0.9
        if self.specks:
            lung[:, 2:4, 2:4] = 0.8
        return EngineOutput(np.stack([1 - lung, lung], axis=1), batch[:, 0].mean(axis=1))


def _metadata(**changes: object) -> CheckpointMetadata:
    return CheckpointMetadata(name="fake", preprocessing=Preprocessing(input_size=64)).model_copy(
        update=changes
    )


def _two_boxes(width: int, height: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    pixels = np.full((height, width), 200, np.uint8)
    for left in (0.125, 0.625):
        pixels[height // 4 : height * 3 // 4, round(width * left) : round(width * (left + 0.25))] = 20
    return pixels, pixels < 100


@pytest.mark.parametrize(("width", "height"), [(64, 64), (512, 512), (400, 300), (48, 96)])
def test_mask_has_the_size_of_the_image(width: int, height: int) -> None:
    pixels, truth = _two_boxes(width, height)
    segmentation = Segmenter.from_engine(_metadata(), Dark())(pixels)
    assert segmentation.mask.shape == (height, width)
    assert segmentation.mask.dtype == np.bool_
    wrong = np.count_nonzero(segmentation.mask != truth)
    assert wrong < 0.05 * truth.sum()


def test_right_lung_is_on_the_image_s_left() -> None:
    pixels, _ = _two_boxes(512, 512)
    segmentation = Segmenter.from_engine(_metadata(), Dark())(pixels)
    assert segmentation.right is not None
    assert segmentation.left is not None
    assert segmentation.right.centroid[0] < 256 < segmentation.left.centroid[0]
    assert segmentation.right.area_px + segmentation.left.area_px == segmentation.mask.sum()
    np.testing.assert_array_equal(segmentation.labels > 0, segmentation.mask)


class Clouds:
    """Sees lungs of any shape anywhere, others each time."""

    name, device, max_batch, streams = "clouds", "cpu", 1, 1

    def __init__(self) -> None:
        self._random = np.random.default_rng(3)

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        coarse = self._random.random((8, 8), np.float32)
        lung = cv2.resize(coarse, batch.shape[2:], interpolation=cv2.INTER_CUBIC).clip(0, 1)[None]
        return EngineOutput(np.stack([1 - lung, lung], axis=1), batch[:, 0].mean(axis=1))


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
@pytest.mark.parametrize(("width", "height"), [(64, 64), (333, 257), (40, 29), (150, 1000)])
def test_measures_of_a_lung_count_all_its_pixels(resize: str, width: int, height: int) -> None:
    preprocessing = Preprocessing.model_validate({"input_size": 64, "resize": resize})
    segmenter = Segmenter.from_engine(_metadata(preprocessing=preprocessing), Clouds())
    found = 0
    for postprocess in (True, False):
        for _ in range(20):
            result = segmenter(np.zeros((height, width), np.uint8), postprocess=postprocess, threshold=0.6)
            assert (result.right, result.left) == (
                measure(result.labels, RIGHT),
                measure(result.labels, LEFT),
            )
            found += (result.right is not None) + (result.left is not None)
    assert found > 40


def test_postprocessing_drops_specks_and_is_optional() -> None:
    pixels, _ = _two_boxes(256, 256)
    segmenter = Segmenter.from_engine(_metadata(), Dark(specks=True))
    kept, raw = segmenter(pixels), segmenter(pixels, postprocess=False)
    assert not kept.mask[:20, :20].any()
    assert raw.mask[9:15, 9:15].all()
    np.testing.assert_array_equal(raw.labels > 0, raw.mask)


def test_threshold_above_all_probabilities_finds_no_lung() -> None:
    segmentation = Segmenter.from_engine(_metadata(), Dark())(_two_boxes(128, 128)[0], threshold=0.95)
    assert not segmentation.mask.any()
    assert segmentation.right is None
    assert segmentation.left is None
    assert not segmentation.quality.trusted


def test_bytes_paths_and_arrays_are_accepted(tmp_path: Path) -> None:
    pixels, _ = _two_boxes(128, 128)
    data = cv2.imencode(".png", pixels)[1].tobytes()
    path = tmp_path / "image.png"
    path.write_bytes(data)
    segmenter = Segmenter.from_engine(_metadata(), Dark())
    masks = [segmenter(source).mask for source in (pixels, data, memoryview(data), path)]
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


@pytest.mark.parametrize(
    "pixels", [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.float32), np.zeros((0, 8), np.uint8)]
)
def test_other_arrays_are_rejected(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(UnsuitableImage, match="Pass grey pixels"):
        Segmenter.from_engine(_metadata(), Dark())(pixels)


def test_eight_and_sixteen_bits_give_the_same_mask() -> None:
    segmenter = Segmenter.from_engine(_metadata(), Dark())
    eight, sixteen = (phantom(width=256, height=256, seed=3, bits=bits).pixels for bits in (8, 16))
    assert overlap(segmenter(eight).mask, segmenter(sixteen).mask).iou >= 0.99


def test_jpeg_is_decoded_at_full_resolution_on_request() -> None:
    pixels, _ = _two_boxes(1024, 1024)
    data = cv2.imencode(".jpg", pixels)[1].tobytes()
    segmenter = Segmenter.from_engine(_metadata(), Dark())
    reduced = segmenter.prepare(data).radiograph
    full = segmenter.prepare(data, all_pixels=True).radiograph
    assert reduced.pixels.shape < full.pixels.shape == (1024, 1024)
    assert (reduced.width, reduced.height) == (full.width, full.height) == (1024, 1024)


def test_full_resolution_obeys_the_pixel_limit() -> None:
    data = cv2.imencode(".jpg", _two_boxes(100, 100)[0])[1].tobytes()
    with pytest.raises(ImageTooLarge):
        Segmenter.from_engine(_metadata(), Dark()).prepare(data, max_pixels=9999, all_pixels=True)


def test_segmentation_has_the_time_of_each_stage() -> None:
    timing = Segmenter.from_engine(_metadata(), Dark())(_two_boxes(64, 64)[0]).timing_ms
    assert min(timing.decode, timing.inference, timing.postprocess) > 0
    assert (timing.queue, timing.encode) == (0, 0)


def test_batch_keeps_its_order() -> None:
    engine = Dark()
    segmenter = Segmenter.from_engine(_metadata(), engine)
    images = [_two_boxes(size, size)[0] for size in (64, 96, 128)]
    images[1][:] = 100
    prepared = [segmenter.prepare(image) for image in images]
    areas = [
        segmenter.finish(one, inferred).mask.sum()
        for one, inferred in zip(prepared, segmenter.run(prepared), strict=True)
    ]
    assert engine.batches == [3]
    assert areas[1] == 0
    assert areas[2] == pytest.approx(4 * areas[0], rel=0.1)


def test_more_than_two_classes_are_rejected() -> None:
    with pytest.raises(CheckpointError, match="has 3 classes"):
        Segmenter.from_engine(_metadata(num_classes=3), Dark())


class WithHeart(Dark):
    """Takes the brightest parts for the heart."""

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        lungs, embedding = super().__call__(batch)
        heart = (batch[:, 0] > 1).astype(np.float32) * 0.97
        background = 1 - lungs[:, 1] - heart
        return EngineOutput(np.stack([background, lungs[:, 1], heart], axis=1), embedding)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (400, 300)])
def test_checkpoint_may_find_the_heart(width: int, height: int) -> None:
    pixels, lungs = _two_boxes(width, height)
    pixels[:] = np.where(lungs, 20, 120)
    heart = np.zeros_like(lungs)
    heart[height // 2 : height * 3 // 4, round(width * 0.42) : round(width * 0.6)] = True
    pixels[heart] = 250
    metadata = _metadata(num_classes=3, classes=LUNG_AND_HEART)
    segmentation = Segmenter.from_engine(metadata, WithHeart())(pixels)
    assert segmentation.heart_mask is not None
    assert segmentation.heart is not None
    assert segmentation.heart_mask.shape == (height, width)
    assert overlap(segmentation.heart_mask, heart).iou > 0.9
    assert segmentation.heart.area_px == np.count_nonzero(segmentation.heart_mask)
    assert not (segmentation.heart_mask & segmentation.mask).any()
    assert overlap(segmentation.mask, lungs).iou > 0.9


def test_checkpoint_of_two_classes_has_no_heart() -> None:
    segmentation = Segmenter.from_engine(_metadata(), Dark())(_two_boxes(64, 64)[0])
    assert segmentation.heart_mask is None
    assert segmentation.heart is None


def test_missing_heart_is_none() -> None:
    metadata = _metadata(num_classes=3, classes=LUNG_AND_HEART)
    segmentation = Segmenter.from_engine(metadata, WithHeart())(_two_boxes(64, 64)[0])
    assert segmentation.heart is None
    assert segmentation.heart_mask is not None
    assert not segmentation.heart_mask.any()


def test_document_has_the_heart_where_the_checkpoint_finds_it() -> None:
    pixels, lungs = _two_boxes(64, 64)
    pixels[:] = np.where(lungs, 20, 120)
    pixels[32:48, 27:38] = 250
    metadata = _metadata(num_classes=3, classes=LUNG_AND_HEART)
    for finds, engine, described in ((True, WithHeart(), metadata), (False, Dark(), _metadata())):
        made = document(Segmenter.from_engine(described, engine)(pixels), metadata=described, engine=engine)
        assert ("heart" in made) is finds
        assert ("cardiothoracic_ratio" in made) is finds
    made = document(
        Segmenter.from_engine(metadata, WithHeart())(pixels), metadata=metadata, engine=WithHeart()
    )
    assert made["heart"]["box"][2] == 11
    # Nothing is known of a mask of a checkpoint that was not calibrated.
    assert made["cardiothoracic_ratio"]["value"] is None
    assert "not trusted" in made["cardiothoracic_ratio"]["reason"]


def _calibrated(chest: NDArray[np.uint8]) -> CheckpointMetadata:
    """Metadata with a quality model whose reference is this image, and which predicts an IoU of 0.98."""
    segmenter = Segmenter.from_engine(_metadata(), DarkWithFeatures())
    prepared = segmenter.prepare(chest)
    (inferred,) = segmenter.run([prepared])
    evidence = Evidence(
        input=prepared.input[0],
        probabilities=inferred.probabilities,
        labels=label_lungs(keep_lungs(inferred.probabilities, threshold=0.5) >= 0.5),
        embedding=inferred.embedding,
        threshold=0.5,
    )
    calibration = make_quality_model(
        [replace(evidence, embedding=np.full(4, n, np.float32)) for n in range(8)]
    )
    return _metadata(calibration=calibration.model_dump(mode="json"))


class DarkWithFeatures(Dark):
    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        return EngineOutput(super().__call__(batch).probabilities, np.full((len(batch), 4), 3, np.float32))


CHEST = np.where(
    phantom(width=128, height=128, seed=3).mask, 20, np.random.default_rng(0).integers(180, 220, (128, 128))
).astype(np.uint8)
"""Lungs that are as dark as can be, before a ground that is nowhere plain."""


@pytest.mark.parametrize(
    ("options", "known"),
    [
        ({}, True),
        ({"threshold": 0.5}, True),
        ({"threshold": 0.4}, False),
        ({"threshold": 0.0}, False),
        ({"threshold": 1.0}, False),
        ({"postprocess": False}, False),
        ({"threshold": 0.5, "postprocess": False}, False),
    ],
)
def test_predicted_iou_is_for_the_settings_of_the_quality_model(options: dict[str, Any], known: bool) -> None:
    segmenter = Segmenter.from_engine(_calibrated(CHEST), DarkWithFeatures())
    quality = segmenter(CHEST, **options).quality
    codes = [warning.code for warning in quality.warnings]
    assert ("other_settings" in codes) is not known
    assert (quality.predicted_iou is not None) is known
    assert quality.trusted is known


def test_mask_of_averaged_flips_is_not_trusted() -> None:
    segmenter = Segmenter.from_engine(_calibrated(CHEST), FlipAveraged(DarkWithFeatures()))
    quality = segmenter(CHEST).quality
    assert quality.predicted_iou is None
    assert not quality.trusted
    assert "other_settings" in [warning.code for warning in quality.warnings]


def test_kind_of_image_does_not_depend_on_the_settings() -> None:
    """At a threshold of 0.01 nearly everything is lung: the mask is an outlier, the image is not."""
    segmenter = Segmenter.from_engine(_calibrated(CHEST), DarkWithFeatures())
    noise = np.random.default_rng(0).integers(0, 255, CHEST.shape).astype(np.uint8)
    for options in ({}, {"threshold": 0.01}, {"threshold": 0.99}, {"postprocess": False}):
        codes = {
            name: [warning.code for warning in segmenter(pixels, **options).quality.warnings]
            for name, pixels in (("chest", CHEST), ("noise", noise))
        }
        assert "probably_not_frontal" not in codes["chest"]
        assert "probably_not_frontal" in codes["noise"]


def test_settings_have_no_warning_without_a_quality_model() -> None:
    quality = Segmenter.from_engine(_metadata(), Dark())(CHEST, threshold=0.4).quality
    assert [
        warning.code
        for warning in quality.warnings
        if "calibrated" in warning.code or "settings" in warning.code
    ] == ["not_calibrated"]


def _mounted(side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A phantom, and the same on a white page of nine times its area."""
    pixels = phantom(width=side, height=side, seed=5).pixels.astype(np.uint8)
    return pixels, np.pad(pixels, side, constant_values=255)


def test_mount_does_not_change_the_network_input() -> None:
    pixels, page = _mounted(256)
    segmenter = Segmenter.from_engine(_metadata(), Dark())
    alone, mounted = segmenter(pixels), segmenter(page)
    assert mounted.radiograph.picture == (256, 256, 256, 256)
    assert mounted.radiograph.pixels.shape == page.shape
    np.testing.assert_array_equal(mounted.mask[256:512, 256:512], alone.mask)
    assert mounted.mask.sum() == alone.mask.sum()
    assert mounted.quality == alone.quality


def test_mounted_radiograph_is_decoded_at_sufficient_resolution() -> None:
    _, page = _mounted(400)
    data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    segmenter = Segmenter.from_engine(_metadata(preprocessing=Preprocessing(input_size=256)), Dark())
    radiograph = segmenter.prepare(data).radiograph
    assert radiograph.picture is not None
    assert np.abs(np.subtract(radiograph.picture, (400, 400, 400, 400))).max() <= 2
    share = radiograph.pixels.shape[1] / radiograph.width
    assert radiograph.picture[2] * share >= 256


def test_heart_is_placed_inside_the_margins() -> None:
    pixels, lungs = _two_boxes(64, 64)
    shades = np.add.outer(np.arange(64), np.arange(64)) // 4
    pixels[:] = np.where(lungs, 20, 110 + shades)
    pixels[32:48, 27:38] = 250
    page = np.pad(pixels, ((10, 30), (40, 20)), constant_values=255)
    metadata = _metadata(num_classes=3, classes=LUNG_AND_HEART)
    alone, mounted = (Segmenter.from_engine(metadata, WithHeart())(image) for image in (pixels, page))
    assert mounted.radiograph.picture == (40, 10, 64, 64)
    assert mounted.heart is not None
    assert alone.heart is not None
    assert mounted.heart.area_px == alone.heart.area_px
    assert mounted.heart.box == (alone.heart.box[0] + 40, alone.heart.box[1] + 10, *alone.heart.box[2:])
