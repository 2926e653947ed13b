"""The data sets of the pipeline, and which of their images and masks are free."""

import csv
import shutil
from pathlib import Path

MASKS = ("montgomery", "wingspan")
"""Sets with free masks."""

UNLABELLED = {
    "shenzhen": "shenzhen/train/images",
    "nih": "unlabelled/nih",
    "hannover": "unlabelled/hannover",
    "cxnet": "unlabelled/cxnet",
    "children": "children/train/images",
}
"""Sets with free images, and masks that are missing or not free."""

FREE_LICENCES = ("CC BY 3.0", "CC BY 4.0", "listed as authorized for everyone")
"""Licences of images of ``covid`` that allow any use."""

NOT_FREE = ("shenzhen", "covid_lungs", "children")
"""Sets with masks that are not free."""

VALIDATION = ("montgomery", "shenzhen", "wingspan", "covid_lungs", "children")

_WEIGHTS = {"montgomery": 2.0, "wingspan": 2.0, "children": 0.5}


def weight_of(folder: Path) -> float:
    """Return the factor of a folder's sampling frequency."""
    return _WEIGHTS.get(folder.name.removesuffix("-train"), 1.0)


def copy_free_covid(covid: Path, folder: Path) -> Path:
    """Copy the images of ``covid`` whose own licence allows any use to ``folder``, and return that."""
    folder.mkdir(parents=True, exist_ok=True)
    with (covid / "index.csv").open(newline="", encoding="utf-8") as file:
        free = {row["stem"] for row in csv.DictReader(file) if row["licence"] in FREE_LICENCES}
    for image in (covid / "train" / "images").iterdir():
        if image.stem in free and not (folder / image.name).exists():
            shutil.copyfile(image, folder / image.name)
    return folder
