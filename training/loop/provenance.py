"""Where weights come from: recipe, data and code, as a checkpoint's metadata says it."""

import hashlib
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..data.datasets import SegmentationDataset
from .recipes import Recipe


def describe_recipe(recipe: Recipe, *, seed: int) -> dict[str, Any]:
    """The recipe's fields as plain values, the transform by its name, and the seed."""
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
    return described


def describe_data(train: SegmentationDataset, validation: SegmentationDataset) -> dict[str, Any]:
    """Folders by name, with the number of their images and a hash over the images' names and the values that are lung, where given."""
    return {"train": _describe(train), "validation": _describe(validation)}


def git_revision() -> str | None:
    """The commit of this code, with ``+`` where it was changed since; None outside a checkout."""
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
        # Other values make other masks: a run that is resumed must have the same.
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
