"""Masks that are wrong are found by networks that never saw them, and kept from training."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from model.checkpoint import CheckpointMetadata, read_metadata
from model.engines import EngineOutput
from model.preprocessing import Preprocessing
from model.segmenter import Segmenter
from model.writing.png import mask_png
from training.data.datasets import IGNORE, SegmentationDataset
from training.labels.cleaning import THICK, disputed, judge, write_cleaned
from training.labels.cross_fit import folds_of

from ..conftest import Phantoms, Pleura, write_pair

pytestmark = pytest.mark.slow

SIDE = 200


def lungs() -> NDArray[np.bool_]:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[40:160, 30:80] = mask[40:160, 120:170] = True
    return mask


class Drawing:
    """An engine that gives the same mask for every image."""

    name, device, max_batch, streams = "drawing", "cpu", 1, 1

    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self._mask = mask

    def __call__(self, batch: NDArray[np.float32]) -> EngineOutput:
        lung = self._mask.astype(np.float32)
        return EngineOutput(np.stack([1 - lung, lung])[None], np.zeros((1, 1), np.float32))


MIDDLE = (55, 145)


def test_thin_difference_is_not_disputed() -> None:
    thin = round(THICK * SIDE) - 1
    wider = lungs()
    wider[40:160, 80 : 80 + thin] = True
    assert not disputed(wider, lungs(), between=MIDDLE).any()


def test_thick_region_between_the_lungs_is_disputed() -> None:
    with_heart = lungs()
    with_heart[90:150, 80:120] = True
    part = disputed(with_heart, lungs(), between=MIDDLE)
    # All of it but rounded corners, and a rim of half the thickness.
    assert part[95:145, 80:120].all()
    rim = round(THICK * SIDE / 2)
    assert not part[: 90 - rim].any()
    assert not part[:, : 80 - rim].any()


def test_region_of_the_prediction_alone_is_not_disputed() -> None:
    with_gas = lungs()
    with_gas[160:190, 100:150] = True
    assert not disputed(lungs(), with_gas, between=MIDDLE).any()


def test_region_at_the_side_is_not_disputed() -> None:
    with_effusion = lungs()
    with_effusion[160:190, 20:80] = True
    assert not disputed(with_effusion, lungs(), between=MIDDLE).any()
    assert disputed(with_effusion, lungs(), between=(0, 60)).any()


def judged_with(root: Path, drawing: NDArray[np.bool_]) -> tuple[str, float, float, NDArray[np.bool_]]:
    metadata = CheckpointMetadata(name="drawing", preprocessing=Preprocessing(input_size=SIDE))
    segmenter = Segmenter.from_engine(metadata, Drawing(drawing))
    ((judgement, _, ignored),) = judge([(SegmentationDataset(root), segmenter)])
    return judgement.action, judgement.iou, judgement.disputed, ignored


def test_masks_are_kept_cut_or_dropped(tmp_path: Path) -> None:
    with_heart = lungs()
    with_heart[90:150, 80:120] = True
    write_pair(tmp_path, "one", np.full((SIDE, SIDE), 90, np.uint8), with_heart)
    action, iou, share, _ = judged_with(tmp_path, lungs())
    assert action == "cut"
    assert iou == pytest.approx(12000 / 14400)
    assert share == pytest.approx(2400 / 14400, abs=0.005)
    assert judged_with(tmp_path, with_heart)[:3] == ("kept", 1.0, 0.0)
    one_lung = lungs()
    one_lung[:, 100:] = False
    assert judged_with(tmp_path, one_lung)[0] == "dropped"


def test_ignored_pixels_stay_ignored(tmp_path: Path) -> None:
    write_pair(tmp_path, "one", np.full((SIDE, SIDE), 90, np.uint8), lungs())
    before = np.zeros((SIDE, SIDE), np.bool_)
    before[:10] = True
    (tmp_path / "ignore").mkdir()
    (tmp_path / "ignore" / "one.png").write_bytes(mask_png(before))
    assert np.array_equal(judged_with(tmp_path, lungs())[3], before)


def test_each_folder_is_spread_over_the_folds(phantoms: Phantoms) -> None:
    dataset = SegmentationDataset([phantoms.few, phantoms.validation])
    folds = folds_of(dataset, folds=3)
    for source, counts in ((0, [3, 3, 2]), (1, [2, 2, 2])):
        own = [fold for fold, sample in zip(folds, dataset.samples, strict=True) if sample.source == source]
        assert [own.count(fold) for fold in range(3)] == counts


def test_fewer_images_than_folds_are_rejected(phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
    ended = pleura("clean", "--data", phantoms.fewer, "--out", tmp_path / "clean", "--folds", "3")
    assert ended.code == 1
    assert ended.err == (
        "pleura: There are fewer images than folds, 2 images for --folds 3: add images, or give --folds 2.\n"
    )


def test_no_fold_is_empty_however_small_the_folders(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in "abc"]
    for root in roots:
        write_pair(root, "one", np.full((SIDE, SIDE), 90, np.uint8), lungs())
    assert sorted(folds_of(SegmentationDataset(roots), folds=3)) == [0, 1, 2]


def test_cleaned_folder_is_a_data_set(tmp_path: Path) -> None:
    with_heart, elsewhere = lungs(), np.zeros((SIDE, SIDE), np.bool_)
    with_heart[90:150, 80:120] = True
    elsewhere[170:, :] = True
    masks = {"right": lungs(), "heart": with_heart, "wrong": elsewhere}
    root = tmp_path / "root"
    for grey, (stem, mask) in enumerate(masks.items()):
        write_pair(root, stem, np.full((SIDE, SIDE), 90 + grey, np.uint8), mask)
    dataset = SegmentationDataset(root)
    metadata = CheckpointMetadata(name="drawing", preprocessing=Preprocessing(input_size=SIDE))
    segmenter = Segmenter.from_engine(metadata, Drawing(lungs()))
    out = tmp_path / "out"
    judgements = write_cleaned(dataset, judge([(dataset, segmenter)]), names=["left"], out=out)
    assert [(judgement.stem, judgement.action) for judgement in judgements] == [
        ("wrong", "dropped"),
        ("heart", "cut"),
        ("right", "kept"),
    ]
    left = SegmentationDataset(out / "left")
    assert [sample.stem for sample in left.samples] == ["heart", "right"]
    image, cut = left.load(0)
    assert (image == 91).all()
    # Nothing is ever added to a mask, and only what is left out is taken away.
    assert np.array_equal(cut == 1, with_heart & (cut != IGNORE))
    assert (cut[95:145, 85:115] == IGNORE).all()
    assert np.array_equal(left.load(1)[1] == 1, lungs())
    assert left.samples[1].ignore is None

    page = (out / "judgements.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 2
    assert page.index("<b>left/wrong") < page.index("<b>left/heart")
    assert "left/right" not in page
    assert "http" not in page


def test_command_writes_its_results(phantoms: Phantoms, pleura: Pleura, tmp_path: Path) -> None:
    out = tmp_path / "clean"
    command: list[str | Path] = [
        "clean",
        "--data",
        phantoms.few,
        "--out",
        out,
        "--folds",
        "2",
        "--size",
        "32",
        "--epochs",
        "1",
    ]
    ended = pleura(*command)
    assert ended.code == 0, ended.err
    name = "-".join(phantoms.few.parts[-2:])
    with (out / "judgements.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["stem"] for row in rows) == [f"phantom-{seed:03}" for seed in range(8)]
    assert {row["root"] for row in rows} == {name}
    actions = [row["action"] for row in rows]
    assert (
        f"{out / name}: {actions.count('kept')} masks kept, {actions.count('cut')} cut, "
        f"{actions.count('dropped')} dropped" in ended.out
    )
    # Each network was trained without the images that it predicted.
    states = [out / "runs" / f"fold-{fold}" / "state.pt" for fold in range(2)]
    for state in states:
        assert read_metadata(state.with_name("last.safetensors")).data["train"][0]["images"] == 4
    # The same command trains nothing again.
    before = [state.stat().st_mtime_ns for state in states]
    assert pleura(*command).code == 0
    assert [state.stat().st_mtime_ns for state in states] == before


def test_heart_masks_are_copied(tmp_path: Path) -> None:
    heart = np.zeros((SIDE, SIDE), np.bool_)
    heart[90:150, 85:115] = True
    write_pair(tmp_path / "old", "one", np.full((SIDE, SIDE), 90, np.uint8), lungs())
    (tmp_path / "old" / "hearts").mkdir()
    (tmp_path / "old" / "hearts" / "one.png").write_bytes(mask_png(heart))
    dataset = SegmentationDataset(tmp_path / "old")
    metadata = CheckpointMetadata(name="drawing", preprocessing=Preprocessing(input_size=SIDE))
    segmenter = Segmenter.from_engine(metadata, Drawing(lungs()))
    write_cleaned(dataset, judge([(dataset, segmenter)]), names=["new"], out=tmp_path)
    found = SegmentationDataset(tmp_path / "new").load_heart(0)
    assert found is not None
    assert np.array_equal(found, heart)
