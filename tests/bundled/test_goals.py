"""The table of the goals agrees with the pages whose figures it repeats."""

import re
from decimal import Decimal

import pytest

from .documents import FIGURES, GROSS, QUALITY, ROOT, figures_table, rounds_to, rows, told

GOALS = rows((ROOT / "docs/explanation/experiments.md").read_text("utf-8"), "what | goal")


def missed_by(shortfall: Decimal) -> str:
    return "met" if shortfall <= 0 else f"{shortfall}".removeprefix("0")


@pytest.mark.parametrize(
    ("row", "name", "column"),
    [
        ("mean IoU, Montgomery (14)", "montgomery/validation", "mean IoU"),
        ("median IoU, Shenzhen (56)", "shenzhen/validation", "median"),
        ("mean IoU, wingspan (27)", "wingspan/validation", "mean IoU"),
        ("mean IoU, `covid_lungs` (16)", "covid_lungs/validation", "mean IoU"),
        ("mean IoU, children (84)", "children/validation", "mean IoU"),
        ("5th percentile, Montgomery", "montgomery/validation", "5th percentile"),
        ("5th percentile, wingspan", "wingspan/validation", "5th percentile"),
        ("5th percentile, `covid_lungs`", "covid_lungs/validation", "5th percentile"),
        ("5th percentile, children", "children/validation", "5th percentile"),
    ],
)
def test_iou_is_that_of_the_figures(row: str, name: str, column: str) -> None:
    goal, found, missed = GOALS[row]
    figures = figures_table()[name]
    assert rounds_to(Decimal(figures[column]), found)
    assert missed == missed_by(Decimal(goal) - Decimal(found))
    assert re.findall(r"\((\d+)\)", row) in ([], [figures["images"]])


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("films with gross errors, JSRT, healthy set and Montgomery", "montgomery/validation"),
        ("films with gross errors, wingspan", "wingspan/validation"),
        ("films with gross errors, `covid_lungs`", "covid_lungs/validation"),
        ("films with gross errors, children", "children/validation"),
    ],
)
def test_films_with_gross_errors_are_those_of_the_figures(row: str, name: str) -> None:
    goal, found, missed = GOALS[row]
    figures = figures_table()[name]
    number = figures[GROSS].split()[0]
    assert found.startswith(f"{number} of {figures['images']}")
    percent = 100 * Decimal(number) / Decimal(figures["images"])
    assert re.findall(r", (\S+) %", found) in ([], [f"{percent:.1f}"])
    assert missed == f"{percent - Decimal(goal.removesuffix(' %')):.1f} points"


def test_losses_of_int8_are_those_of_the_figures() -> None:
    table = figures_table()
    int8, fp32 = told(r"(\S+) \(OpenVINO int8\) against (\S+) \(OpenVINO fp32\)", FIGURES)
    loss_of_covid, fp32_of_covid = told(r"On covid_lungs it loses (\S+) \((\S+) in fp32\)", FIGURES)
    assert int8 == table["all"]["mean IoU"]
    of_covid = Decimal(fp32_of_covid) - Decimal(table["covid_lungs/validation"]["mean IoU"])
    assert Decimal(loss_of_covid) == of_covid
    for row, exact in {
        "loss of int8 against fp32, `covid_lungs`": of_covid,
        f"loss of int8 against fp32, all {table['all']['images']}": (Decimal(fp32) - Decimal(int8)),
    }.items():
        goal, found, missed = GOALS[row]
        assert rounds_to(exact, found), row
        assert missed == missed_by(Decimal(found) - Decimal(goal)), row


def test_auc_for_gross_errors_is_that_of_the_quality_model() -> None:
    (row,) = (name for name in GOALS if name.startswith("AUC for gross errors, each hospital left out"))
    goal, found, missed = GOALS[row]
    values = sorted(Decimal(cells[2]) for cells in rows(QUALITY, "hospital | images").values())
    least, most = found.split(" to ")
    assert rounds_to(values[0], least)
    assert rounds_to(values[-1], most)
    shortfalls = [missed_by(Decimal(goal) - Decimal(told)) for told in (most, least)]
    assert missed == " to ".join(shortfalls)
