"""Loss, pixel accuracy and IoU of an epoch."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.datasets import HEART, IGNORE, LUNG, NOT_LUNG


@dataclass(frozen=True, slots=True)
class EpochMetrics:
    """Means over the images of an epoch, at the network's input size.

    Attributes:
        loss: Mean loss of the batches, weighted by their images.
        pixel_accuracy: Share of the pixels whose class is right.
        iou: Mean over the foreground classes that the image's mask annotates.
    """

    loss: float
    pixel_accuracy: float
    iou: float


class ImageMetrics:
    """Collects the metrics of each image, batch by batch; pixels that are `IGNORE` do not count.

    The values stay on the device of the logits until they are read.
    """

    def __init__(self) -> None:
        self._batches: list[Tensor] = []

    def add(self, loss: Tensor, logits: Tensor, target: Tensor) -> None:
        """Add a batch.

        Args:
            loss: Mean loss of the batch, a scalar.
            logits: ``(B, K, H, W)``.
            target: ``(B, H, W)`` int64.
        """
        counts = target != IGNORE
        predicted = logits.argmax(dim=1)
        either = target == NOT_LUNG
        right = torch.where(either, (predicted == 0) | (predicted == HEART), predicted == target)
        right = (right & counts).sum(dim=(1, 2))
        pixels = counts.sum(dim=(1, 2))
        accuracy = torch.where(pixels > 0, right / pixels.clamp(min=1), 1.0)
        classes = torch.arange(1, logits.shape[1], device=logits.device).view(-1, 1, 1, 1)
        drawn, true = (predicted == classes) & counts, (target == classes) & counts  # (K - 1, B, H, W)
        both, union = (drawn & true).sum(dim=(2, 3)), (drawn | true).sum(dim=(2, 3))
        iou = torch.where(union > 0, both / union.clamp(min=1), 1.0)
        annotated = (classes.view(-1, 1) == LUNG) | ~either.any(dim=(1, 2))  # (K - 1, B)
        iou = (iou * annotated).sum(dim=0) / annotated.sum(dim=0)
        self._batches.append(torch.stack([loss.detach().expand_as(iou), accuracy, iou], dim=1))

    def rows(self) -> list[list[float]]:
        """Return loss, pixel accuracy and IoU of each image so far."""
        return [image for batch in self._batches for image in batch.tolist()]


def mean_metrics(parts: Iterable[list[list[float]]]) -> EpochMetrics:
    """Return the means over all images; ``parts`` holds `ImageMetrics.rows` of each process."""
    images = [image for part in parts for image in part]
    return EpochMetrics(*(sum(values) / len(images) for values in zip(*images, strict=True)))
