"""Pretrained weights of the encoder."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torchvision.models import ResNet50_Weights

from model.networks.unet import SegmentationNetwork

from ..errors import TrainingError


def load_encoder_weights(network: SegmentationNetwork, source: str) -> None:
    """Load pretrained weights into the encoder.

    Args:
        network: Its encoder is changed in place.
        source: ``"none"`` leaves the encoder as it is; ``"imagenet"`` downloads torchvision's weights;
            else a safetensors or ``.pth`` file of torchvision's ResNet50 layout. If the network has one
            input channel and the weights have three, those of the first convolution are summed, which
            equals a repeated grey image.

    Raises:
        TrainingError: The file does not exist, the download failed, or the layout is another.
    """
    if source == "none":
        return
    try:
        if source == "imagenet":
            weights = ResNet50_Weights.IMAGENET1K_V2.get_state_dict(progress=True, check_hash=True)
        elif Path(source).suffix == ".safetensors":
            weights = load_file(source)
        else:
            weights = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise TrainingError(
            f"The encoder weights {source} cannot be loaded ({reason}): "
            "name a safetensors file of torchvision's ResNet50, or use --encoder-weights none."
        ) from error
    own = network.encoder.state_dict()
    found = weights.items() if isinstance(weights, dict) else ()
    chosen = {
        key: _match(value, own[key]) for key, value in found if key in own and isinstance(value, Tensor)
    }
    missing = [key for key in own if key not in chosen or chosen[key].shape != own[key].shape]
    if missing:
        raise TrainingError(
            f"The encoder weights {source} are not a ResNet50's ({len(missing)} tensors, {missing[0]} first, "
            "are missing or of another shape): name a file of torchvision's layout."
        )
    network.encoder.load_state_dict(chosen)


def _match(value: Tensor, own: Tensor) -> Tensor:
    if value.ndim == 4 and value.shape[1] == 3 and own.shape[1] == 1:
        return value.sum(dim=1, keepdim=True)
    return value
