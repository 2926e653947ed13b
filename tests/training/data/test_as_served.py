"""Training, validation and evaluation see the pixels that the service gives its network."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata
from model.engines import EngineOutput
from model.preprocessing import Preprocessing
from model.radiograph import Grey
from model.reading import read
from model.segmenter import Segmenter
from model.stages import Prepared
from model.writing.png import mask_png
from samples.phantom import phantom
from tests.model.reading.dicom.files import dicom
from training.data.datasets import SegmentationDataset
from training.data.transforms import plain_transform, strong_transform
from training.evaluation.evaluate import evaluate
from training.export.convert import calibration_inputs

SIDE = 64

Pixels = NDArray[np.uint8]


def encoded(pixels: Grey, suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def marked(pixels: Pixels) -> NDArray[np.uint16]:
    """12 bits in 16, with a letter at the end of the 16."""
    deep = pixels.astype(np.uint16) * 16
    deep[4:8, 4:8] = 65535
    return deep


def mounted(pixels: Pixels) -> Pixels:
    """On white paper of half its width on either side."""
    return np.pad(pixels, ((20, 20), (80, 80)), constant_values=255)


FILES: dict[str, tuple[str, Callable[[Pixels], bytes]]] = {
    "8 bits": ("png", lambda pixels: encoded(pixels, ".png")),
    "12 bits in 16": ("png", lambda pixels: encoded(pixels.astype(np.uint16) * 16, ".png")),
    "16 bits": ("png", lambda pixels: encoded(pixels.astype(np.uint16) * 257, ".png")),
    "a bright letter": ("png", lambda pixels: encoded(marked(pixels), ".png")),
    "tiff of 10 bits": ("tif", lambda pixels: encoded(pixels.astype(np.uint16) * 4, ".tif")),
    "colour": (
        "png",
        lambda pixels: encoded(
            np.dstack([pixels, pixels, np.sqrt(pixels / 255.0) * 255]).astype(np.uint8), ".png"
        ),
    ),
    "jpeg": ("jpg", lambda pixels: encoded(pixels[:120, :120], ".jpg")),
    "dicom": ("dcm", lambda pixels: dicom(pixels.astype(np.uint16) * 16, bits=12)),
    "margins": ("png", lambda pixels: encoded(mounted(pixels), ".png")),
}


class Watching:
    """An engine that keeps what it is given."""

    name, device, max_batch, streams = "watching", "cpu", 1, 1

    def __init__(self) -> None:
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        self.seen.append(batch[0, 0].copy())
        lung = (batch[:, 0] < 0).astype(np.float32)
        return EngineOutput(np.stack([1 - lung, lung], axis=1), np.zeros((1, 1), np.float32))


def written(folder: Path, kind: str, *, side: int = 160) -> SegmentationDataset:
    """A data set of one phantom in a file of this kind."""
    suffix, encode = FILES[kind]
    drawn = phantom(width=side, height=side, seed=2)
    data = encode(drawn.pixels.astype(np.uint8))
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    (folder / "images" / f"x.{suffix}").write_bytes(data)
    segmenter = Segmenter.from_engine(_metadata(Preprocessing(input_size=SIDE)), Watching())
    radiograph = segmenter.prepare(folder / "images" / f"x.{suffix}").radiograph
    mask = cv2.resize(drawn.mask.view(np.uint8), (radiograph.width, radiograph.height)) > 0
    (folder / "masks" / "x.png").write_bytes(mask_png(mask))
    return SegmentationDataset(folder)


def _metadata(preprocessing: Preprocessing) -> CheckpointMetadata:
    return CheckpointMetadata(name="x", preprocessing=preprocessing)


def _served(dataset: SegmentationDataset, preprocessing: Preprocessing) -> Prepared:
    segmenter = Segmenter.from_engine(_metadata(preprocessing), Watching())
    return segmenter.prepare(dataset.samples[0].image.read_bytes())


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("normalisation", ["unit", "zscore"])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_validation_and_paper_use_the_served_pixels(
    tmp_path: Path,
    kind: str,
    normalisation: Literal["unit", "zscore"],
    resize: Literal["stretch", "letterbox"],
) -> None:
    dataset = written(tmp_path, kind)
    preprocessing = Preprocessing(input_size=SIDE, normalisation=normalisation, resize=resize)
    dataset.transform = plain_transform(preprocessing)
    served = _served(dataset, preprocessing).input[0]
    np.testing.assert_array_equal(dataset[0][0][0].numpy(), served)
    if normalisation == "unit":
        assert served.max() > 0.8


def test_jpeg_served_at_reduced_size_has_similar_pixels(tmp_path: Path) -> None:
    dataset = written(tmp_path, "8 bits", side=1024)
    (image,) = (dataset.samples[0].image,)
    jpeg = image.with_suffix(".jpg")
    jpeg.write_bytes(encoded(read(image).pixels, ".jpg"))
    image.unlink()
    dataset = SegmentationDataset(tmp_path)
    preprocessing = Preprocessing(input_size=SIDE)
    dataset.transform = plain_transform(preprocessing)
    served = _served(dataset, preprocessing)
    assert served.radiograph.pixels.shape < (1024, 1024)
    assert np.abs(dataset[0][0][0].numpy() - served.input[0]).mean() < 0.02


@pytest.mark.parametrize("kind", FILES)
def test_evaluation_segments_what_is_served(tmp_path: Path, kind: str) -> None:
    dataset, engine = written(tmp_path, kind), Watching()
    preprocessing = Preprocessing(input_size=SIDE)
    segmenter = Segmenter.from_engine(_metadata(preprocessing), engine)
    list(evaluate(segmenter, dataset))
    np.testing.assert_array_equal(engine.seen[0], _served(dataset, preprocessing).input[0])


def test_evaluation_of_a_large_jpeg_segments_what_is_served(tmp_path: Path) -> None:
    dataset = written(tmp_path, "8 bits", side=1024)
    image = dataset.samples[0].image
    image.with_suffix(".jpg").write_bytes(encoded(read(image).pixels, ".jpg"))
    image.unlink()
    dataset, engine = SegmentationDataset(tmp_path), Watching()
    preprocessing = Preprocessing(input_size=SIDE)
    list(evaluate(Segmenter.from_engine(_metadata(preprocessing), engine), dataset))
    np.testing.assert_array_equal(engine.seen[0], _served(dataset, preprocessing).input[0])


@pytest.mark.parametrize("kind", FILES)
def test_int8_calibration_uses_the_served_pixels(tmp_path: Path, kind: str) -> None:
    dataset = written(tmp_path, kind)
    preprocessing = Preprocessing(input_size=SIDE)
    (given,) = calibration_inputs(_metadata(preprocessing), [tmp_path / "images"])
    np.testing.assert_array_equal(given[0, 0], _served(dataset, preprocessing).input[0])


@pytest.mark.parametrize("kind", FILES)
def test_strong_augmentation_starts_from_the_served_contrast(tmp_path: Path, kind: str) -> None:
    """A letter in 16 bits would leave a 12-bit radiograph in the darkest sixteenth of the range."""
    dataset = written(tmp_path, kind)
    stages = strong_transform(Preprocessing(input_size=SIDE)).transforms  # type: ignore[attr-defined]
    dataset.transform = stages[0]
    values = dataset[0][0][0].numpy()
    assert values.dtype == np.float32
    assert (values.min(), values.max()) == pytest.approx((0, 1), abs=0.25)
    assert np.percentile(values, 90) - np.percentile(values, 10) > 0.3
