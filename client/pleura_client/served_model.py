"""The description of the served model."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The served checkpoint and its engine.

    Attributes:
        name, sha256: Name of the checkpoint and hash of its weights.
        architecture: Name of the network architecture.
        num_classes: Classes of the logits, background included.
        in_channels: Channels of the network input.
        preprocessing: Parameters of the preprocessing.
        threshold: Lowest probability of lung.
        encoder_weights: Initial weights of the encoder.
        recipe, data: Training recipe and training data.
        figures: Results on the validation set.
        calibration: Parameters of the predicted IoU; None if the checkpoint is not calibrated.
        git_revision: Revision of the training code.
        engine, device: Engine and device that run the network.
    """

    name: str
    sha256: str
    architecture: str
    num_classes: int
    in_channels: int
    preprocessing: dict[str, Any]
    threshold: float
    encoder_weights: str
    recipe: dict[str, Any]
    data: dict[str, Any]
    figures: dict[str, Any]
    calibration: dict[str, Any] | None
    git_revision: str | None
    engine: str
    device: str
