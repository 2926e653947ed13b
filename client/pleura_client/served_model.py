"""The description of the served model."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The served checkpoint and its engine.

    Attributes:
        name, sha256: name of the checkpoint and hash of its weights.
        architecture: name of the network architecture.
        num_classes: classes of the logits, background included.
        in_channels: channels of the network input.
        preprocessing: parameters of the preprocessing.
        threshold: lowest probability of lung.
        encoder_weights: initial weights of the encoder.
        recipe, data: training recipe and training data.
        figures: results on the validation set.
        calibration: parameters of the predicted IoU; None if the checkpoint is not calibrated.
        git_revision: revision of the training code.
        engine, device: engine and device that run the network.
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
