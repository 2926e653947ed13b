"""The documents that give figures of the bundled checkpoints, and their tables."""

import re
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CARD = (ROOT / "model/weights/MODEL_CARD.md").read_text("utf-8")
FIGURES = (ROOT / "docs/explanation/figures.md").read_text("utf-8")
QUALITY = (ROOT / "docs/explanation/quality.md").read_text("utf-8")
SETS = {
    "montgomery/validation": "Montgomery, 14",
    "shenzhen/validation": "Shenzhen, 56",
    "wingspan/validation": "wingspan (large hearts), 27",
    "covid_lungs/validation": "COVID-19, 16",
    "children/validation": "children, 84",
}
"""The validation sets, and their names in README."""

GROSS = "images with gross errors (below the dome / elsewhere / missed)"


def rows(text: str, first: str) -> dict[str, list[str]]:
    """Return the rows of the table whose first cell is `first`, by their first cell."""
    _, _, table = text.partition(f"| {first} |")
    table, _, _ = table.partition("\n\n")
    lines = [line.replace("*", "").strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {name: cells for name, *cells in lines}


def figures_table() -> dict[str, dict[str, str]]:
    """Return the cells of the first table of the page of figures, by set and column."""
    first = "set | images | mean IoU | median"
    header, _, _ = FIGURES[FIGURES.index(f"| {first} |") :].partition("\n")
    _, *columns = header.strip("| ").split(" | ")
    return {name: dict(zip(columns, cells, strict=True)) for name, cells in rows(FIGURES, first).items()}


def rounds_to(exact: Decimal, told: str) -> bool:
    """Whether `told` is `exact` to the decimals that it has."""
    _, _, decimals = told.partition(".")
    return abs(exact - Decimal(told)) <= Decimal(5).scaleb(-len(decimals) - 1)


def told(pattern: str, text: str) -> tuple[str, ...]:
    """Return the groups of a pattern's only match in a text, whose lines are joined."""
    (match,) = re.finditer(pattern, " ".join(text.split()))
    return match.groups()
