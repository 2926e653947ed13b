"""An epoch's figures, added up image by image."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.datasets import HEART, IGNORE, LUNG, NOT_LUNG


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the images of an epoch: loss, pixel accuracy, and IoU of the foreground at the network's size.

    An image's IoU is the mean over the classes that its mask tells.
    """

    loss: float
    pixel_accuracy: float
    iou: float


class Tally:
    """Adds up batches; pixels that are `IGNORE` do not count. Figures stay on the logits' device until they are asked for."""

    def __init__(self) -> None:
        self._batches: list[Tensor] = []

    def add(self, loss: float, logits: Tensor, target: Tensor) -> None:
        """``logits (B, K, H, W)`` and ``target (B, H, W)`` of one batch with its mean loss."""
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
        told = (classes.view(-1, 1) == LUNG) | ~either.any(dim=(1, 2))  # (K - 1, B)
        iou = (iou * told).sum(dim=0) / told.sum(dim=0)
        self._batches.append(torch.stack([torch.full_like(iou, loss), accuracy, iou], dim=1))

    def images(self) -> list[list[float]]:
        """Loss, pixel accuracy and IoU of each image so far."""
        return [image for batch in self._batches for image in batch.tolist()]


def figures_of(parts: Iterable[list[list[float]]]) -> Figures:
    """The means over the images of several tallies."""
    images = [image for part in parts for image in part]
    return Figures(*(sum(values) / len(images) for values in zip(*images, strict=True)))
