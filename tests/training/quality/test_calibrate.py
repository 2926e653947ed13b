"""Calibration of a checkpoint on drawn chests, with an engine that segments dark regions off the edge."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata, read_metadata, save_checkpoint
from model.engines import EngineOutput
from model.preprocessing import Preprocessing
from model.quality import Evidence, Quality, QualityModel
from model.segmenter import Segmenter
from training.errors import DataError, TrainingError
from training.quality import calibrate as calibrate_module
from training.quality.calibrate import calibrate, fit_to_images
from training.quality.cases import UNTOUCHED, labelled_cases
from training.quality.examples import make_example
from training.quality.figures import auc, caught
from training.quality.report import write_report
from training.quality.trial import Trial

pytestmark = pytest.mark.slow

SIDE = 64


class DarkIsLung:
    """Lung is what is darker than the mean of a blurred image and does not touch the edge."""

    name, device, max_batch, streams = "dark-fp32", "cpu", 1, 1

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        image = cv2.GaussianBlur(batch[0, 0], (0, 0), 1.5)
        dark = 1 / (1 + np.exp(6 * (np.asarray(image, np.float32) + 0.4)))
        _, pieces = cv2.connectedComponents((dark > 0.5).astype(np.uint8))
        rim = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
        dark[np.isin(pieces, np.setdiff1d(rim, 0))] *= 0.4
        small = np.asarray(cv2.resize(batch[0, 0], (4, 4), interpolation=cv2.INTER_AREA), np.float32)
        probabilities = np.stack([1 - dark, dark])[None].astype(np.float32)
        return EngineOutput(probabilities, small.reshape(1, -1))


class Blind(DarkIsLung):
    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        seen = super().__call__(batch)
        return EngineOutput(
            np.stack([np.ones_like(batch[:, 0]), np.zeros_like(batch[:, 0])], axis=1), seen.embedding
        )


def _chest(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for x in (20, 44):
        centre = (x + int(rng.integers(-2, 3)), 32 + int(rng.integers(-3, 4)))
        cv2.ellipse(mask, centre, (int(rng.integers(7, 11)), int(rng.integers(16, 22))), 0, 0, 360, 255, -1)
    pixels = np.where(mask > 0, rng.uniform(30, 80), rng.uniform(160, 220)) + rng.normal(0, 8, mask.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8), mask


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for seed in range(64):
        pixels, mask = _chest(seed)
        folder = "labelled" if seed < 16 else "first" if seed < 40 else "second" if seed < 56 else "held"
        _write(root / folder / "images" / f"{seed}.png", pixels)
        if seed < 16:
            _write(root / folder / "masks" / f"{seed}.png", mask)
    rng = np.random.default_rng(0)
    for count in range(8):
        stripes = 127 + 120 * np.sin(np.arange(SIDE) * rng.uniform(0.2, 1.5))[:, None] * np.ones(SIDE)
        _write(root / "negatives" / "stripes" / f"{count}.png", stripes.astype(np.uint8))
        disc = np.full((SIDE, SIDE), 30, np.uint8)
        cv2.circle(disc, (32, 32), int(rng.integers(8, 28)), 220, -1)
        _write(root / "negatives" / "discs" / f"{count}.png", disc)
    return root


def _metadata() -> CheckpointMetadata:
    return CheckpointMetadata(name="dark", preprocessing=Preprocessing(input_size=SIDE))


def _folders(images: Path) -> dict[str, object]:
    return {
        "data": [images / "labelled"],
        "frontal": [images / "first" / "images", images / "second" / "images"],
        "held_out": [images / "held" / "images"],
        "negatives": images / "negatives",
    }


@pytest.fixture(scope="module")
def trial(images: Path) -> Trial:
    segmenter = Segmenter.from_engine(_metadata(), DarkIsLung())
    return fit_to_images(segmenter, **_folders(images))  # type: ignore[arg-type]


def test_predicted_iou_follows_the_true_one(trial: Trial) -> None:
    figures = trial.calibration.figures["predicted_iou"]
    assert figures["images"] == 16 * 19
    assert figures["correlation"] >= 0.8
    assert figures["worst_tenth_untrusted"] >= 0.9
    assert figures["trusted_mean_iou"] > figures["untrusted_mean_iou"] + 0.2


def test_good_chests_are_trusted(trial: Trial) -> None:
    good, held_out = trial.calibration.figures["trusted"].values()
    assert good["trusted"] >= 0.9
    assert held_out["trusted"] >= 0.9


def test_other_images_are_not_trusted_even_if_their_kind_was_left_out(trial: Trial) -> None:
    untrusted = trial.calibration.figures["untrusted"]
    assert set(untrusted) == {
        "stripes",
        "discs",
        "noise",
        "blank",
        "montage",
        "inverted",
        "rotated",
        "cropped",
    }
    for kind in ("stripes", "discs", "noise", "blank", "inverted"):
        assert untrusted[kind]["seen"]["untrusted"] >= 0.95, kind
        assert untrusted[kind]["left_out"]["untrusted"] >= 0.9, kind
        assert untrusted[kind]["auc"] >= 0.9, kind
    assert "probably_inverted" in untrusted["inverted"]["seen"]["warnings"]


def test_each_frontal_folder_is_left_out_once(trial: Trial) -> None:
    left_out = trial.calibration.figures["source_left_out"]
    assert {name.split("/")[-1]: value["images"] for name, value in left_out.items()} == {
        "first": 24,
        "second": 16,
    }


@pytest.fixture(scope="module")
def two_hospitals(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    other = tmp_path_factory.mktemp("hospitals") / "other"
    for seed in range(100, 112):
        pixels, mask = _chest(seed)
        if seed % 2:
            pixels[4:16, 26:38] = 40  # As dark as lung, and none.
        _write(other / "images" / f"{seed}.png", pixels)
        _write(other / "masks" / f"{seed}.png", mask)
    folders = _folders(images) | {"data": [images / "labelled", other]}
    segmenter = Segmenter.from_engine(_metadata(), DarkIsLung())
    return fit_to_images(segmenter, **folders)  # type: ignore[arg-type]


def test_gross_errors_are_found_in_a_hospital_that_was_left_out(two_hospitals: Trial) -> None:
    found = two_hospitals.calibration.figures["hospital_left_out"]
    assert len(found) == 2
    (figures,) = (value for name, value in found.items() if name.endswith("other"))
    assert figures["images"] == 12
    assert figures["gross"] >= 4
    assert 0 <= figures["good_below"] <= figures["gross_below"] <= 1
    assert figures["auc"] >= 0.8


def test_every_image_is_assessed_by_a_fit_without_its_hospital(two_hospitals: Trial, trial: Trial) -> None:
    sizes = {name.split("/")[-1]: len(many) for name, many in two_hospitals.left_out.items()}
    assert sizes == {"labelled": 16 * 19, "other": 12 * 19}
    for name, many in two_hospitals.left_out.items():
        assert {one.example.source for one in many} == {name}
    in_folds = {id(one.example): one.quality.predicted_iou for one in two_hospitals.labelled}
    left_out = [one for many in two_hospitals.left_out.values() for one in many]
    assert any(one.quality.predicted_iou != in_folds[id(one.example)] for one in left_out)
    assert trial.left_out == {}


def test_report_has_a_reliability_plot_of_each_hospital_left_out(
    two_hospitals: Trial, trial: Trial, tmp_path: Path
) -> None:
    write_report(two_hospitals, tmp_path / "two", name="dark")
    assert "](reliability-left-out.png)" in (tmp_path / "two" / "calibration.md").read_text()
    assert (tmp_path / "two" / "reliability-left-out.png").read_bytes().startswith(b"\x89PNG")
    write_report(trial, tmp_path / "one", name="dark")
    assert "reliability-left-out" not in (tmp_path / "one" / "calibration.md").read_text()
    assert not (tmp_path / "one" / "reliability-left-out.png").exists()


def test_children_are_recognised(images: Path, tmp_path: Path) -> None:
    for seed in range(200, 248):
        pixels, _ = _chest(seed)
        small = np.full_like(pixels, 190)
        small[14:50, 19:45] = cv2.resize(pixels, (26, 36), interpolation=cv2.INTER_AREA)
        _write(tmp_path / ("new" if seed < 208 else "young") / f"{seed}.png", small)
    folders = _folders(images) | {"children": [tmp_path / "young"]}
    trial = fit_to_images(Segmenter.from_engine(_metadata(), DarkIsLung()), **folders)  # type: ignore[arg-type]
    numbers = trial.calibration.model_dump(mode="json")
    segmenter = Segmenter.from_engine(_metadata().model_copy(update={"calibration": numbers}), DarkIsLung())

    def warnings_of(folder: Path) -> list[set[str]]:
        qualities = [segmenter(path).quality for path in sorted(folder.iterdir())]
        return [{warning.code for warning in quality.warnings} for quality in qualities]

    # Those that are so small that they are no frontal chest X-ray to the model are not called a child's.
    frontal = [codes for codes in warnings_of(tmp_path / "new") if "probably_not_frontal" not in codes]
    assert frontal
    assert all("child" in codes for codes in frontal)
    assert not any("child" in codes for codes in warnings_of(images / "held" / "images"))
    figures = trial.calibration.figures["children"]
    (young,) = (value for name, value in figures.items() if name.startswith("child"))
    assert young["images"] == 40
    assert young["child"] >= 0.8


def test_auc_and_share_of_detected_errors() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.5, 0.4, 0.8])
    positive = np.array([False, False, False, False, True, True])
    assert auc(scores, positive) == pytest.approx(7 / 8)
    assert caught(scores, positive) == 0.5
    assert auc(scores, np.zeros(6, np.bool_)) is None
    assert caught(scores, np.ones(6, np.bool_)) is None


def test_calibration_is_small(trial: Trial) -> None:
    text = json.dumps(trial.calibration.model_dump(mode="json"))
    assert len(text) < 100_000
    assert QualityModel.parse(json.loads(text)).figures == trial.calibration.figures


def test_calibrated_segmenter_reports_quality(trial: Trial, images: Path) -> None:
    numbers = trial.calibration.model_dump(mode="json")
    segmenter = Segmenter.from_engine(_metadata().model_copy(update={"calibration": numbers}), DarkIsLung())
    good = segmenter((images / "held" / "images" / "60.png").read_bytes())
    assert good.quality.trusted
    assert good.quality.predicted_iou is not None
    assert good.quality.predicted_iou > 0.8
    inverted = segmenter(255 - _chest(60)[0])
    assert not inverted.quality.trusted
    assert not segmenter((images / "negatives" / "stripes" / "0.png").read_bytes()).quality.trusted


def test_fit_uses_the_features_of_the_segmenter(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Evidence] = []

    def assess(evidence: Evidence, calibration: object, *, as_calibrated: Evidence | None) -> Quality:
        judged.append(evidence)
        assert as_calibrated is None
        return Quality(predicted_iou=None, trusted=False, warnings=())

    described: list[Evidence] = []
    monkeypatch.setattr("model.segmenter.assess", assess)
    monkeypatch.setattr("training.quality.examples.extract_features", described.append)
    letterboxed = Preprocessing(input_size=SIDE, resize="letterbox")
    segmenter = Segmenter.from_engine(
        _metadata().model_copy(update={"preprocessing": letterboxed}), DarkIsLung()
    )
    for case in list(labelled_cases([images / "labelled"]))[:19]:
        make_example(segmenter, case)
        segmenter(case.pixels)
    for ours, theirs in zip(described, judged, strict=True):
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        np.testing.assert_array_equal(ours.input, theirs.input)
        np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
        assert ours.threshold == theirs.threshold


def test_calibrated_checkpoint_keeps_its_weights_and_has_a_report(
    images: Path, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    before = save_checkpoint(tmp_path / "before.safetensors", {"a": torch.arange(3.0).half()}, _metadata())
    monkeypatch.setattr(
        calibrate_module,
        "Segmenter",
        lambda checkpoint, *, device: Segmenter.from_engine(checkpoint.metadata, DarkIsLung()),
    )
    monkeypatch.setattr(calibrate_module, "fit_to_images", lambda segmenter, **folders: trial)
    out = tmp_path / "run" / "after.safetensors"
    after = calibrate(tmp_path / "before.safetensors", out=out, **_folders(images))  # type: ignore[arg-type]
    assert after.sha256 == before.sha256
    assert read_metadata(out) == after
    assert before.calibration is None
    assert after.calibration is not None
    assert after.model_copy(update={"calibration": None, "figures": {}}) == before
    validation = after.figures["validation"]
    untouched = [
        one.example.iou
        for one in trial.labelled
        if one.example.variant == UNTOUCHED and one.example.iou is not None
    ]
    assert validation["all"]["images"] == len(untouched) == 16
    assert validation["all"]["mean_iou"] == pytest.approx(np.mean(untouched), abs=1e-3)
    assert list(validation["folders"].values()) == [validation["all"]]
    page = (out.parent / "calibration.md").read_text()
    assert "| stripes |" in page
    assert "correlation" in page
    assert (out.parent / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_network_that_finds_no_lungs_is_rejected(images: Path) -> None:
    segmenter = Segmenter.from_engine(_metadata(), Blind())
    with pytest.raises(TrainingError, match="no lungs"):
        fit_to_images(segmenter, **_folders(images))  # type: ignore[arg-type]


def test_empty_folder_is_named(images: Path, tmp_path: Path) -> None:
    segmenter = Segmenter.from_engine(_metadata(), DarkIsLung())
    folders = _folders(images) | {"negatives": tmp_path}
    with pytest.raises(DataError, match=tmp_path.name):
        fit_to_images(segmenter, **folders)  # type: ignore[arg-type]
