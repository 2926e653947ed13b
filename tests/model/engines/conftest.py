"""Small checkpoints with their exported models, which take a while to make."""

from pathlib import Path

import pytest

from model.checkpoint import read_checkpoint
from model.engines.conversion import convert, save
from tests.checkpoints import save_random


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two checkpoints of the same shapes, with their exported models."""
    folder = tmp_path_factory.mktemp("two")
    paths = []
    for seed, name in enumerate(("one", "two")):
        path = save_random(folder / f"{name}.safetensors", name=name, seed=seed, threshold=0.4 + seed / 10)
        save(convert(read_checkpoint(path)), path.with_suffix(".int8.xml"))
        paths.append(path)
    return paths[0], paths[1]
