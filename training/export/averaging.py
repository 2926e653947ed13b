"""Averages the weights of networks that were trained on from the same checkpoint.

    pleura average --checkpoint FILE --checkpoint FILE … --out FILE

The mean of networks that were fine-tuned from the same weights, on other data or at another image size,
is mostly more robust than each of them, at the cost of one in inference (Wortsman et al., *Model
soups*, 2022). The mean of networks with different initial weights is useless, as `pleura evaluate`
shows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.checkpoint import CheckpointMetadata, load_checkpoint
from model.networks.unet import SegmentationNetwork

from ..errors import TrainingError
from ..loop.optimisation import compact


def average(checkpoints: Sequence[Path]) -> tuple[dict[str, Tensor], CheckpointMetadata]:
    """Return the mean of the weights and of the batch statistics.

    Args:
        checkpoints: At least two, of the same network and preprocessing apart from the image size.

    Returns:
        The weights, in float16 as `fit` writes them, and the metadata of the last checkpoint, without
        calibration and figures; ``averaged`` in its recipe holds the sha256 of each checkpoint's
        weights.

    Raises:
        TrainingError: There is only one checkpoint, or they do not match.
        CheckpointError: A file cannot be read.
    """
    if len(checkpoints) < 2:
        raise TrainingError("A mean is of two checkpoints at least: give --checkpoint more than once.")
    loaded = [load_checkpoint(path) for path in checkpoints]
    last = loaded[-1][1]
    for path, checkpoint in zip(checkpoints, loaded, strict=True):
        if _made_alike(*checkpoint) != _made_alike(*loaded[-1]):
            raise TrainingError(
                f"{path.name} has another network or preprocessing than {checkpoints[-1].name}: "
                "average checkpoints of one network."
            )
    states = [network.state_dict() for network, _ in loaded]
    weights = {
        key: torch.stack([state[key].double() for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for key, value in states[-1].items()
    }
    recipe = {**last.recipe, "averaged": [metadata.sha256 for _, metadata in loaded]}
    return compact(weights), last.model_copy(update={"recipe": recipe, "figures": {}, "calibration": None})


def _made_alike(network: SegmentationNetwork, metadata: CheckpointMetadata) -> tuple[Any, ...]:
    """Return what must be equal: the shapes of the weights, and the preprocessing without the image size."""
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    return shapes, metadata.preprocessing.model_dump(exclude={"input_size"})
