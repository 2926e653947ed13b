"""One network from several that began alike: the mean of their weights.

    pleura average --checkpoint FILE --checkpoint FILE … --out FILE

Networks that went on from the same weights, over other data or at another image size, mostly lie in one valley of the loss, and
their mean is more robust than each (Wortsman et al., *Model soups*, 2022). It costs nothing when it is used. Networks that began at
random have nothing in common: their mean is worth nothing, which `pleura evaluate` shows.
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
    """The mean of the weights and of the batch statistics.

    Args:
        checkpoints: two at least, of the same network and preprocessing but for the image size.

    Returns:
        The weights, in float16 as `fit` writes them, and the metadata of the last one, without calibration and figures; its
        recipe says in ``averaged`` what the mean is of, by the sha256 of the weights.

    Raises:
        TrainingError: there is one only, or they do not fit.
        CheckpointError: a file cannot be read.
    """
    if len(checkpoints) < 2:
        raise TrainingError("A mean is of two checkpoints at least: give --checkpoint more than once.")
    loaded = [load_checkpoint(path) for path in checkpoints]
    last = loaded[-1][1]
    for path, checkpoint in zip(checkpoints, loaded, strict=True):
        if _made_alike(*checkpoint) != _made_alike(*loaded[-1]):
            raise TrainingError(
                f"{path.name} has another network or preprocessing than {checkpoints[-1].name}: average checkpoints of one network."
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
    """What has to be the same: the shapes of the weights, and what decides the greys of the network's input."""
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    return shapes, metadata.preprocessing.model_dump(exclude={"input_size"})
