"""The teacher in distillation: a trained network whose probabilities another one learns.

It sees each image as the student does, after augmentation (Beyer et al., *Knowledge distillation: a good
teacher is patient and consistent*, 2022), so it also labels the pixels that the masks leave out.
"""

import torch
from torch import Tensor

from model.checkpoint import Checkpoint, CheckpointMetadata
from model.engines.fixed_batches import FoldedNetwork

from ..errors import TrainingError
from .hardware import Hardware


class Teacher:
    """Maps network inputs ``(B, C, S, S)`` to probabilities ``(B, num_classes, S, S)`` float32.

    Args:
        checkpoint: Of the teacher.
        student: Metadata of the network that learns.
        hardware: Device and precision.

    Raises:
        CheckpointError: The teacher's weights do not fit its metadata.
        TrainingError: Teacher and student differ in classes, channels or normalisation.
    """

    def __init__(self, checkpoint: Checkpoint, *, student: CheckpointMetadata, hardware: Hardware) -> None:
        _require_alike(checkpoint, student)
        dtype = torch.bfloat16 if hardware.mixed_precision else torch.float32
        network = FoldedNetwork(checkpoint.network(), dtype=dtype)
        self._network = network.to(hardware.device).requires_grad_(False)

    def __call__(self, x: Tensor) -> Tensor:
        """See the class."""
        with torch.no_grad():
            probabilities: Tensor = self._network(x)[0]
        return probabilities.float()


def _require_alike(checkpoint: Checkpoint, student: CheckpointMetadata) -> None:
    teacher = checkpoint.metadata
    differences = [
        f"{name} {theirs}, not {own}"
        for name, theirs, own in (
            ("classes", teacher.num_classes, student.num_classes),
            ("input channels", teacher.in_channels, student.in_channels),
            ("normalisation", teacher.preprocessing.normalisation, student.preprocessing.normalisation),
        )
        if theirs != own
    ]
    if differences:
        raise TrainingError(
            f"The teacher {checkpoint.path.name} does not fit ({'; '.join(differences)}): use one that was "
            "trained with the same --recipe and classes."
        )
