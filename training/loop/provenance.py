"""The provenance of weights, for a checkpoint's metadata: recipe, data and code."""

import hashlib
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

from model.checkpoint import Checkpoint

from ..data.datasets import SegmentationDataset
from .recipes import Recipe


def describe_recipe(
    recipe: Recipe, *, seed: int, start_from: Checkpoint | None = None, teacher: Checkpoint | None = None
) -> dict[str, Any]:
    """Return a recipe's fields as plain values, the transform by its name, with the seed.

    Args:
        recipe: How the network is trained.
        seed: Of the run.
        start_from: The checkpoint that the run begins with; its sha256 is added.
        teacher: The checkpoint that the network is distilled from; its sha256 is added.
    """
    described: dict[str, Any] = {"seed": seed}
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        if field.name == "stages":
            value = [
                {"size": stage.size, "epochs": stage.epochs, "learning_rate": stage.learning_rate}
                for stage in value
            ]
        elif field.name == "preprocessing":
            value = value.model_dump(mode="json")
        elif callable(value):
            value = value.__name__
        described[field.name] = value
    if start_from is not None:
        described["start_from"] = start_from.metadata.sha256
    if teacher is not None:
        described["teacher"] = teacher.metadata.sha256
    return described


def describe_data(train: SegmentationDataset, validation: SegmentationDataset) -> dict[str, Any]:
    """Return name, number of images, weight and hash of each folder of both sets.

    The hash is over the images' names and, where they are given, the mask values that are lung.
    """
    return {"train": _describe(train), "validation": _describe(validation)}


def git_revision() -> str | None:
    """Return the commit of this code, with ``+`` if files have changed since; None outside a checkout."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _describe(dataset: SegmentationDataset) -> list[dict[str, Any]]:
    described = []
    for source, root in enumerate(dataset.roots):
        stems = sorted(sample.stem for sample in dataset.samples if sample.source == source)
        # Other values give other masks, so a resumed run must have the same ones.
        values = [] if dataset.lung_values is None else ["", *map(str, sorted(dataset.lung_values))]
        digest = hashlib.sha256("\n".join(stems + values).encode()).hexdigest()
        described.append(
            {
                "root": "/".join(root.resolve().parts[-2:]),
                "images": len(stems),
                "stems_sha256": digest,
                "weight": dataset.weights[source],
            }
        )
    return described
