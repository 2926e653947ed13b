"""The experiments that a recipe is chosen by, on phantoms."""

import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from model.checkpoint import read_metadata
from training.experiments.ablations import VARIANTS, run, table
from training.experiments.setup import SOURCES, Bench
from training.loop.hardware import Hardware
from training.loop.recipes import Recipe

from ..conftest import Phantoms

pytestmark = pytest.mark.slow


@pytest.fixture
def bench(phantoms: Phantoms, tmp_path: Path) -> Bench:
    data = tmp_path / "data"
    for source in SOURCES:
        shutil.copytree(phantoms.few, data / source / "train")
        shutil.copytree(phantoms.fewer, data / source / "validation")
    shutil.copytree(phantoms.fewer, data / "covid" / "validation")
    return Bench(
        data=data,
        cleaned=tmp_path / "cleaned",
        out=tmp_path / "experiments",
        base_images=8,
        images=8,
        size=32,
        hardware=Hardware("cpu", mixed_precision=False),
    )


def test_variant_starts_from_the_base_network_of_its_source(bench: Bench) -> None:
    rows = list(run(bench, ["boundary weight 2"]))
    assert [(row["variant"], row["source"]) for row in rows] == [
        ("boundary weight 2", source) for source in SOURCES
    ]
    for source in SOURCES:
        base = read_metadata(bench.out / f"base-{source}" / "last.safetensors")
        metadata = read_metadata(bench.out / f"boundary-weight-2-{source}" / "last.safetensors")
        assert metadata.recipe["start_from"] == base.sha256
        assert metadata.recipe["boundary_weight"] == 2.0
    for row in rows:
        assert 0 <= row["montgomery"]["worst"] <= row["montgomery"]["mean"] <= 1
        assert 0 <= row["covid"]["recall"] <= 1

    # What is finished is not done again.
    before = {path: path.stat().st_mtime_ns for path in bench.out.rglob("*.safetensors")}
    assert list(run(bench, ["boundary weight 2"])) == rows
    assert {path: path.stat().st_mtime_ns for path in bench.out.rglob("*.safetensors")} == before

    lines = table(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| Montgomery | boundary weight 2 | 0.")
    assert lines[3].startswith("| Shenzhen | boundary weight 2 | 0.")


def test_variants_change_existing_recipe_fields() -> None:
    names = {field.name for field in fields(Recipe)}
    assert all(variant.change.keys() <= names for variant in VARIANTS.values())
