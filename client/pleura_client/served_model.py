"""What the service tells of its checkpoint."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The checkpoint that is served, and what runs it.

    Attributes:
        name, sha256: the checkpoint and the hash of its weights.
        architecture: the network's.
        num_classes: classes of the network's logits, background included.
        in_channels: channels of the network's input.
        preprocessing: how an image becomes the network's input.
        threshold: probability from which a pixel is lung.
        encoder_weights: what the encoder started from.
        recipe, data: how and on what it was trained.
        figures: figures on the validation data.
        calibration: numbers behind the predicted IoU; None where it was not calibrated.
        git_revision: of the code that trained it.
        engine, device: what runs the network, and where.
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
