"""Checkpoints for tests."""

from pathlib import Path

import torch

from model.checkpoint import CheckpointMetadata, save_checkpoint
from model.preprocessing import Preprocessing


def save_random(path: Path, *, name: str = "random", seed: int = 0, threshold: float = 0.5) -> Path:
    """Write a checkpoint of random weights, always the same for a seed: a small decoder and images of 64².

    Args:
        path: The file.
        name: In its metadata.
        seed: Of the weights.
        threshold: Of the lungs' probability, in its metadata.
    """
    metadata = CheckpointMetadata(
        name=name,
        bridge_channels=16,
        decoder_channels=(16, 16, 16, 16),
        head_channels=16,
        preprocessing=Preprocessing(input_size=64),
        threshold=threshold,
    )
    torch.manual_seed(seed)
    save_checkpoint(path, metadata.network().state_dict(), metadata)
    return path
