"""The figures that the documents give of the bundled checkpoint are those that it has here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.checkpoint import BUNDLED, read_checkpoint, read_metadata
from model.segmenter import Segmenter
from training.data.datasets import SegmentationDataset
from training.evaluation.evaluate import evaluate
from training.evaluation.summary import Summary, summaries_of

from .documents import CARD, FIGURES, GROSS, README, ROOT, SETS, figures_table, rows, told

CLOSE = 0.0015
"""Processors round differently; README has three decimals."""

CLOSE_OF_FEW = 0.004
"""For the worst images, of which a mean does not level the differences."""


@pytest.fixture(scope="module")
def measured(segmenter: Segmenter, shared_data: Path) -> dict[str, Summary]:
    """The metrics of each data set, and of all, by name."""
    dataset = SegmentationDataset([shared_data / name for name in SETS])
    return summaries_of([case for case, _ in evaluate(segmenter, dataset)], list(SETS))


@pytest.mark.slow
def test_figures_of_the_readme_are_those_of_the_weights(measured: dict[str, Summary]) -> None:
    table = rows(README, "validation images")
    for name, label in SETS.items():
        found = measured[name]
        assert label.endswith(str(found.images))
        mean, median, without = map(float, table[label])
        assert (mean, median, without) == pytest.approx(
            (found.iou.mean, found.iou.median, found.raw_iou.mean), abs=CLOSE
        ), label


def test_figures_of_the_documents_are_those_of_the_weights(measured: dict[str, Summary]) -> None:
    table = figures_table()
    assert set(table) == set(measured)
    for name, found in measured.items():
        cells = table[name]
        assert (int(cells["images"]), int(cells["below .85"])) == (found.images, found.iou.failures), name
        means = [float(cells[column]) for column in ("mean IoU", "median", "mean IoU, raw", "Dice")]
        assert means == pytest.approx(
            [found.iou.mean, found.iou.median, found.raw_iou.mean, found.mean_dice], abs=CLOSE
        ), name
        share, one_image = float(cells["below .90"].removesuffix(" %")), 100 / found.images
        assert share == pytest.approx(100 * found.iou.below_good, abs=0.5 + one_image), name
        assert (float(cells["5th percentile"]), float(cells["worst"])) == pytest.approx(
            (found.iou.p5, found.iou.worst), abs=CLOSE_OF_FEW
        ), name


def test_gross_errors_of_the_documents_are_those_of_the_weights(measured: dict[str, Summary]) -> None:
    table = figures_table()
    for name in SETS:
        assert int(table[name][GROSS].split()[0]) == pytest.approx(measured[name].gross, abs=1), name


def test_counts_of_all_images_are_the_sums_of_the_sets() -> None:
    counts = {
        name: [
            int(number)
            for column in ("images", "below .85", GROSS)
            for number in re.findall(r"\d+", cells[column])
        ]
        for name, cells in figures_table().items()
    }
    assert counts.pop("all") == [sum(numbers) for numbers in zip(*counts.values(), strict=True)]


def test_figures_of_the_heart_are_those_of_the_weights(measured: dict[str, Summary]) -> None:
    heart, error, films = told(
        r"On wingspan the heart's mean IoU is (\S+), the cardiothoracic ratio's mean absolute error (\S+)"
        r" against the true masks \((\d+)\)",
        FIGURES,
    )
    found = measured["wingspan/validation"]
    assert (float(heart), float(error)) == pytest.approx((found.heart_iou, found.ratio_error), abs=CLOSE)
    assert int(films) == found.ratios


def test_front_matter_of_the_model_card_repeats_its_table() -> None:
    front: dict[str, Any] = yaml.safe_load(CARD.split("---\n")[1])
    table = rows(CARD, "set | images | mean IoU | median")
    (model,) = front["model-index"]
    for result, name in zip(model["results"], SETS, strict=True):
        found = {one["type"]: one["value"] for one in result["metrics"]}
        assert found == {"mean_iou": float(table[name][1]), "dice": float(table[name][3])}


def test_table_of_the_model_card_repeats_the_page_of_figures() -> None:
    table = figures_table()
    small = rows(FIGURES, "set, small checkpoint")
    card = rows(CARD, "set | images | mean IoU | median")
    assert set(card) == {*SETS, "all"}
    for name, cells in card.items():
        repeated = [table[name][column] for column in ("images", "mean IoU", "median", "Dice")]
        mean_of_small, beside, errors_of_small = small[name]
        assert beside == table[name]["mean IoU"]
        assert cells == [*repeated, table[name][GROSS].split()[0], mean_of_small, errors_of_small], name


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
