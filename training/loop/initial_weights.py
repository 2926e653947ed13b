"""The weights that a new run begins with."""

from pathlib import Path

from torch import nn

from model.checkpoint import Checkpoint
from model.networks.unet import SegmentationNetwork

from ..errors import TrainingError
from ..export.encoder_weights import load_encoder_weights
from .run_state import has_state


def load_initial_weights(
    network: SegmentationNetwork, out: Path, *, source: Checkpoint | None, encoder_weights: str
) -> None:
    """Load the weights of a new run into a network.

    Args:
        network: Is changed in place.
        out: The run's folder, which must not hold a run.
        source: A checkpoint of the whole network; None takes ``encoder_weights``.
        encoder_weights: See `load_encoder_weights`.

    Raises:
        CheckpointError: The weights of ``source`` do not fit its metadata.
        TrainingError: The folder holds a run, or the weights do not fit the network.
    """
    if has_state(out):
        raise TrainingError(
            f"{out} holds a run already: add --resume to go on with it, or name another --out."
        )
    if source is None:
        load_encoder_weights(network, encoder_weights)
    else:
        _load_whole_network(network, source)


def _load_whole_network(network: nn.Module, source: Checkpoint) -> None:
    weights = source.network().state_dict()
    try:
        network.load_state_dict(weights)
    except RuntimeError:
        raise TrainingError(
            f"{source.path} holds a network of another shape: start from a checkpoint of the same recipe "
            "and number of classes."
        ) from None
