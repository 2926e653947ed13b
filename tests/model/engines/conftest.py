"""Small checkpoints with their exported models, which take a while to make."""

from pathlib import Path

import pytest
import torch

from model.checkpoint import CheckpointMetadata, read_checkpoint, save_checkpoint
from model.engines.conversion import convert, save
from model.preprocessing import Preprocessing


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two checkpoints of the same shapes, with their exported models."""
    folder = tmp_path_factory.mktemp("two")
    paths = []
    for seed, name in enumerate(("one", "two")):
        metadata = CheckpointMetadata(
            name=name,
            bridge_channels=16,
            decoder_channels=(16, 16, 16, 16),
            head_channels=16,
            preprocessing=Preprocessing(input_size=64),
            threshold=0.4 + seed / 10,
        )
        torch.manual_seed(seed)
        path = folder / f"{name}.safetensors"
        save_checkpoint(path, metadata.network().state_dict(), metadata)
        save(convert(read_checkpoint(path)), path.with_suffix(".int8.xml"))
        paths.append(path)
    return paths[0], paths[1]
