"""The figures that the documents give of the bundled checkpoint are those that it has here."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from model.checkpoint import BUNDLED, read_checkpoint, read_metadata
from model.segmenter import Segmenter
from training.data.datasets import SegmentationDataset
from training.evaluation.evaluate import evaluate

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CARD = (ROOT / "model/weights/MODEL_CARD.md").read_text("utf-8")
FIGURES = (ROOT / "docs/explanation/figures.md").read_text("utf-8")
SETS = {
    "montgomery/validation": "Montgomery, 14",
    "shenzhen/validation": "Shenzhen, 56",
    "wingspan/validation": "wingspan (large hearts), 27",
    "covid_lungs/validation": "COVID-19, 16",
    "children/validation": "children, 84",
}
"""The validation sets, and their names in README."""

CLOSE = 0.0015
"""Processors round differently; README has three decimals."""


def rows(text: str, first: str) -> dict[str, list[str]]:
    """Return the rows of the table whose first cell is `first`, by their first cell."""
    _, _, table = text.partition(f"| {first} |")
    table, _, _ = table.partition("\n\n")
    lines = [line.replace("*", "").strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {name: cells for name, *cells in lines}


@pytest.fixture(scope="module")
def measured(segmenter: Segmenter, shared_data: Path) -> dict[str, NDArray[np.float64]]:
    """IoU, IoU without post-processing and Dice of each image, by data set."""
    found = {}
    for name in SETS:
        cases = [case for case, _ in evaluate(segmenter, SegmentationDataset([shared_data / name]))]
        found[name] = np.array([(case.overlap.iou, case.raw_iou, case.overlap.dice) for case in cases])
    return found | {"all": np.concatenate([found[name] for name in SETS])}


@pytest.mark.slow
def test_figures_of_the_readme_are_those_of_the_weights(measured: dict[str, NDArray[np.float64]]) -> None:
    table = rows(README, "validation images")
    for name, label in SETS.items():
        iou, raw, _ = measured[name].T
        assert label.endswith(str(len(iou)))
        mean, median, without = map(float, table[label])
        assert (mean, median, without) == pytest.approx(
            (iou.mean(), np.median(iou), raw.mean()), abs=CLOSE
        ), label


def test_figures_of_the_documents_are_those_of_the_weights(measured: dict[str, NDArray[np.float64]]) -> None:
    table = rows(FIGURES, "set | images | mean IoU | median")
    for name, values in measured.items():
        iou, raw, dice = values.T
        images, mean, median, _, _, below, without, overlap, *_ = table[name]
        assert (int(images), int(below)) == (len(iou), int((iou < 0.85).sum())), name
        assert tuple(map(float, (mean, median, without, overlap))) == pytest.approx(
            (iou.mean(), np.median(iou), raw.mean(), dice.mean()), abs=CLOSE
        ), name


def test_front_matter_of_the_model_card_repeats_its_table() -> None:
    front: dict[str, Any] = yaml.safe_load(CARD.split("---\n")[1])
    table = rows(CARD, "set | images | mean IoU | median")
    (model,) = front["model-index"]
    for result, name in zip(model["results"], SETS, strict=True):
        found = {one["type"]: one["value"] for one in result["metrics"]}
        assert found == {"mean_iou": float(table[name][1]), "dice": float(table[name][3])}


def test_table_of_the_model_card_repeats_the_page_of_figures() -> None:
    table = rows(FIGURES, "set | images | mean IoU | median")
    small = rows(FIGURES, "set, small checkpoint")
    card = rows(CARD, "set | images | mean IoU | median")
    assert set(card) == {*SETS, "all"}
    for name, cells in card.items():
        images, mean, median, *_, errors = table[name]
        mean_of_small, beside, errors_of_small = small[name]
        assert beside == mean
        assert cells == [
            *(images, mean, median, table[name][7], errors.split()[0]),
            *(mean_of_small, errors_of_small),
        ], name


def test_model_card_has_the_number_of_parameters_of_the_weights() -> None:
    tensors = read_checkpoint(BUNDLED).weights()
    parameters = sum(
        tensor.numel() for name, tensor in tensors.items() if not re.search(r"running_|num_batches", name)
    )
    assert f"{parameters / 1e6:.1f} M parameters" in CARD


def test_quality_figures_are_those_in_the_checkpoint() -> None:
    calibration = read_metadata(BUNDLED).calibration
    assert calibration is not None
    text, figures = (ROOT / "docs/explanation/quality.md").read_text("utf-8"), calibration["figures"]
    least = f"if its predicted IoU is at least {calibration['least_iou']}"
    assert least in text
    assert least in CARD
    summary = rows(text, "figure")
    assert {name: float(value) for name, (value,) in summary.items()} == pytest.approx(
        {name.replace("_", " "): value for name, value in figures["predicted_iou"].items()}, abs=5.1e-4
    )
    thresholds = {float(name): float(mean) for name, (mean,) in rows(text, "threshold").items()}
    assert thresholds == pytest.approx(
        {float(name): mean for name, mean in figures["threshold"].items()}, abs=5.1e-4
    )
    trusted = {
        name: (int(cells[0]), float(cells[1]))
        for name, cells in rows(text, "images | number | trusted").items()
    }
    assert trusted == {
        name: (found["images"], round(found["trusted"], 3)) for name, found in figures["trusted"].items()
    }
    untrusted = {name: tuple(map(float, cells[:3])) for name, cells in rows(text, "kind | number").items()}
    assert untrusted == {
        name: (
            both["seen"]["images"],
            round(both["seen"]["untrusted"], 3),
            round(both["left_out"]["untrusted"], 3),
        )
        for name, both in figures["untrusted"].items()
    }
