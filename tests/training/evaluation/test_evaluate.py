"""``pleura evaluate``: its figures against ones computed here from the masks that it leaves."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.checkpoint import LUNG_AND_HEART, CheckpointMetadata, load_checkpoint
from model.engines import EngineOutput
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from training.commands.evaluate import root_names
from training.data.datasets import SegmentationDataset
from training.evaluation.evaluate import evaluate
from training.evaluation.summary import summarise

from ..conftest import MadeUp, Phantoms, Pleura, write_pair
from ..processes import Ended

pytestmark = pytest.mark.slow


class Judged(NamedTuple):
    """An evaluation of the phantoms' ``validation`` and ``fewer``."""

    ended: Ended
    out: Path
    roots: tuple[Path, Path]


@pytest.fixture(scope="module")
def judged(
    learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    out = tmp_path_factory.mktemp("report")
    roots = (phantoms.validation, phantoms.fewer)
    checkpoint = learnt / "best.safetensors"
    ended = pleura(
        "evaluate",
        "--data",
        roots[0],
        "--data",
        roots[1],
        "--checkpoint",
        checkpoint,
        "--out",
        out,
        "--engine",
        "torch",
    )
    assert ended.code == 0, ended.err
    return Judged(ended, out, roots)


def mask_of(path: Path) -> NDArray[np.bool_]:
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture > 0


def pairs(judged: Judged) -> dict[tuple[str, str], tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Prediction and truth by root and stem."""
    found = {}
    for root in judged.roots:
        name = f"{root.parent.name}/{root.name}"
        for truth in sorted((root / "masks").iterdir()):
            prediction = judged.out / "predictions" / f"{name.replace('/', '-')}-{truth.name}"
            found[name, truth.stem] = mask_of(prediction), mask_of(truth)
    return found


def cases_of(judged: Judged) -> dict[tuple[str, str], dict[str, str]]:
    with (judged.out / "cases.csv").open(newline="", encoding="utf-8") as file:
        return {(row["root"], row["stem"]): row for row in csv.DictReader(file)}


def test_masks_equal_those_of_the_segmenter(judged: Judged, learnt: Path) -> None:
    segmenter = Segmenter(learnt / "best.safetensors", engine="torch")
    for (root, stem), (prediction, _) in pairs(judged).items():
        folder = next(path for path in judged.roots if root.endswith(path.name))
        assert np.array_equal(segmenter(folder / "images" / f"{stem}.png").mask, prediction)


def test_csv_has_the_metrics_of_each_image(judged: Judged) -> None:
    cases = cases_of(judged)
    assert cases.keys() == pairs(judged).keys()
    for key, (prediction, truth) in pairs(judged).items():
        true_positives = int((prediction & truth).sum())
        expected = {
            "iou": true_positives / int((prediction | truth).sum()),
            "dice": 2 * true_positives / int(prediction.sum() + truth.sum()),
            "pixel_accuracy": float((prediction == truth).mean()),
            "precision": true_positives / int(prediction.sum()),
            "recall": true_positives / int(truth.sum()),
        }
        assert {name: float(cases[key][name]) for name in expected} == pytest.approx(expected, abs=1e-9)
        assert cases[key]["both_empty"] == "False"


def test_csv_is_sorted_by_iou(judged: Judged) -> None:
    ious = [float(row["iou"]) for row in cases_of(judged).values()]
    assert ious == sorted(ious)


def test_json_has_the_summary_of_each_folder(judged: Judged) -> None:
    summary = json.loads((judged.out / "summary.json").read_text())
    names = [f"{root.parent.name}/{root.name}" for root in judged.roots]
    assert list(summary) == [*names, "all"]
    for name, found in summary.items():
        ious = np.array(
            [
                (prediction & truth).sum() / (prediction | truth).sum()
                for (root, _), (prediction, truth) in pairs(judged).items()
                if name in (root, "all")
            ]
        )
        assert found["images"] == len(ious)
        assert found["iou"] == pytest.approx(
            {
                "mean": ious.mean(),
                "median": np.median(ious),
                "p5": np.percentile(ious, 5),
                "worst": ious.min(),
                "failures": np.count_nonzero(ious < 0.85),
                "below_good": (ious < 0.9).mean(),
            }
        )
        rows = [row for (root, _), row in cases_of(judged).items() if name in (root, "all")]
        for key, column in (("mean_loss", "loss"), ("mean_dice", "dice"), ("mean_nsd", "nsd")):
            assert found[key] == pytest.approx(np.mean([float(row[column]) for row in rows]))
        assert found["raw_iou"]["mean"] == pytest.approx(np.mean([float(row["raw_iou"]) for row in rows]))


def test_command_prints_a_line_for_each_folder(judged: Judged) -> None:
    summary = json.loads((judged.out / "summary.json").read_text())
    lines = judged.ended.out.splitlines()
    assert len(lines) == 3
    for line, (name, found) in zip(lines, summary.items(), strict=True):
        assert line.startswith(f"{name}: {found['images']} images, mean IoU {found['iou']['mean']:.4f} ")
        assert line.endswith(
            f"loss {found['mean_loss']:.4f}; {found['iou']['below_good']:.1%} below 0.9; gross errors in "
            f"{found['gross']} (below the dome {found['below_dome']}, elsewhere {found['elsewhere']}, "
            f"missed {found['missed']})"
        )
    assert judged.ended.err == ""


def test_loss_and_raw_iou_equal_values_computed_by_hand(
    judged: Judged, learnt: Path, phantoms: Phantoms
) -> None:
    network, metadata = load_checkpoint(learnt / "best.safetensors")
    grey = cv2.imread(str(phantoms.validation / "images" / "phantom-103.png"), cv2.IMREAD_UNCHANGED)
    truth = mask_of(phantoms.validation / "masks" / "phantom-103.png")
    assert grey is not None
    x = torch.from_numpy(metadata.preprocessing.apply(grey.astype(np.uint8)))
    with torch.inference_mode():
        logits = network(x.expand(1, 3, -1, -1))
    small = cv2.resize(truth.astype(np.uint8), (32, 32), interpolation=cv2.INTER_NEAREST_EXACT)
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(small)[None].long()).item()
    lung = logits.softmax(dim=1)[0, 1].numpy()
    raw = cv2.resize(lung, (64, 64), interpolation=cv2.INTER_LINEAR) >= metadata.threshold
    row = cases_of(judged)[f"{phantoms.validation.parent.name}/validation", "phantom-103"]
    assert float(row["loss"]) == pytest.approx(loss, rel=1e-4)
    assert float(row["raw_iou"]) == pytest.approx((raw & truth).sum() / (raw | truth).sum(), abs=1e-6)


def test_pictures_have_four_panels(judged: Judged) -> None:
    pictures = sorted((judged.out / "pictures").iterdir())
    assert {path.name for path in pictures} == {path.name for path in (judged.out / "predictions").iterdir()}
    for path in pictures:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (344, 4 * 320 + 3 * 4, 3)
        truth, prediction = picture[:320, 324:644], picture[:320, 648:968]
        assert set(np.unique(truth)) == set(np.unique(prediction)) == {0, 255}


def test_one_folder_has_no_summary_of_all(
    learnt: Path, phantoms: Phantoms, pleura: Pleura, tmp_path: Path
) -> None:
    ended = pleura(
        "evaluate",
        "--data",
        phantoms.fewer,
        "--checkpoint",
        learnt / "last.safetensors",
        "--out",
        tmp_path,
        "--engine",
        "torch",
    )
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 1
    assert {path.name for path in (tmp_path / "predictions").iterdir()} == {
        "phantom-100.png",
        "phantom-101.png",
    }


def test_missing_checkpoint_is_reported_in_one_line(phantoms: Phantoms, pleura: Pleura) -> None:
    ended = pleura("evaluate", "--data", phantoms.fewer, "--checkpoint", "nowhere.safetensors")
    assert ended.code == 1
    assert ended.err.startswith("pleura: There is no checkpoint nowhere.safetensors")
    assert len(ended.err.splitlines()) == 1


def test_ignored_pixels_do_not_count(learnt: Path, tmp_path: Path) -> None:
    grey = np.full((64, 64), 100, np.uint8)
    truth = np.zeros((64, 64), np.bool_)
    truth[10:40, 10:30] = True
    write_pair(tmp_path, "a", grey, truth)
    (tmp_path / "ignore").mkdir()
    cv2.imwrite(str(tmp_path / "ignore" / "a.png"), np.full((64, 64), 255, np.uint8))
    segmenter = Segmenter(learnt / "best.safetensors", engine="torch")
    ((case, images),) = evaluate(segmenter, SegmentationDataset(tmp_path))
    assert case.overlap.both_empty
    assert case.raw_iou == 1
    assert case.loss == 0
    assert not images.truth.any()
    assert not images.prediction.any()
    assert case.surface.hd95_px is None


def test_folder_names_are_unique(tmp_path: Path) -> None:
    roots = [tmp_path / "x" / "test", tmp_path / "y" / "x" / "test", tmp_path / "z" / "x" / "test"]
    assert root_names([*roots, tmp_path / "w"]) == [
        "x/test",
        "x/test (2)",
        "x/test (3)",
        f"{tmp_path.name}/w",
    ]


def test_summary_equals_values_computed_by_hand(made_up: MadeUp) -> None:
    summary = summarise([made_up(iou=iou, raw_iou=0.5, trusted=iou > 0.7) for iou in (0.5, 0.8, 0.9, 1.0)])
    assert summary.iou.mean == pytest.approx(0.8)
    assert summary.iou.median == pytest.approx(0.85)
    assert summary.iou.p5 == pytest.approx(0.545)
    assert (summary.iou.worst, summary.iou.failures) == (0.5, 2)
    assert (summary.raw_iou.mean, summary.raw_iou.failures) == (0.5, 4)
    assert summary.trusted == 0.75
    assert summary.mean_hd95_px is None


class Drawn:
    """An engine that answers with these masks for any image."""

    name = "fake"
    device = "cpu"
    max_batch = 1
    streams = 1

    def __init__(self, lungs: NDArray[np.bool_], heart: NDArray[np.bool_]) -> None:
        classes = np.stack([~(lungs | heart), lungs, heart]).astype(np.float32)
        self._output = EngineOutput(classes[None], np.zeros((1, 4), np.float32))

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        return self._output


def test_heart_ratio_and_gross_errors(tmp_path: Path) -> None:
    lungs, heart = np.zeros((2, 64, 64), np.bool_)
    lungs[10:50, 5:25] = lungs[10:50, 40:60] = True
    heart[30:50, 25:40] = True
    write_pair(tmp_path, "with", np.zeros((64, 64), np.uint8), lungs)
    write_pair(tmp_path, "without", np.zeros((64, 64), np.uint8), lungs)
    (tmp_path / "hearts").mkdir()
    cv2.imwrite(str(tmp_path / "hearts" / "with.png"), heart.astype(np.uint8) * 255)
    found, found_heart = lungs.copy(), heart.copy()
    found[50:60, 42:58] = True  # Gas.
    found_heart[:, 25:28] = False
    metadata = CheckpointMetadata(
        name="fake", num_classes=3, classes=LUNG_AND_HEART, preprocessing=Preprocessing(input_size=64)
    )
    segmenter = Segmenter.from_engine(metadata, Drawn(found, found_heart))
    first, second = (case for case, _ in evaluate(segmenter, SegmentationDataset(tmp_path)))
    assert [error.kind for error in first.gross_errors] == ["below_dome"]
    assert first.heart_iou == pytest.approx(12 / 15)
    assert first.true_ratio == pytest.approx(15 / 55)
    assert first.ratio == pytest.approx(12 / 55)
    assert (second.heart_iou, second.true_ratio) == (None, None)
    summary = summarise([first, second])
    assert (summary.gross, summary.below_dome, summary.elsewhere, summary.missed) == (2, 2, 0, 0)
    assert summary.heart_iou == pytest.approx(12 / 15)
    assert summary.ratio_error == pytest.approx(3 / 55)
    assert summary.ratios == 1
    assert summary.iou.below_good == 0


def test_share_below_090_is_counted(made_up: MadeUp) -> None:
    cases = [made_up(iou=iou) for iou in (0.899, 0.9, 0.95, 0.99)]
    assert summarise(cases).iou.below_good == 0.25
