"""An epoch's figures, added up image by image."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from model.metrics.overlap import overlap

from .datasets import IGNORE


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the images of an epoch: loss, pixel accuracy, and IoU of the foreground at the network's size."""

    loss: float
    pixel_accuracy: float
    iou: float


class Tally:
    """Adds up batches; pixels that are `IGNORE` do not count."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._accuracies: list[float] = []
        self._ious: list[float] = []

    def add(self, loss: float, logits: Tensor, target: Tensor) -> None:
        """``logits (B, K, H, W)`` and ``target (B, H, W)`` of one batch with its mean loss."""
        self._losses += [loss] * len(target)
        predicted = logits.argmax(dim=1).cpu().numpy()
        for prediction, truth in zip(predicted, target.cpu().numpy(), strict=True):
            counts = truth != IGNORE
            prediction, truth = prediction[counts], truth[counts]
            self._accuracies.append(float((prediction == truth).mean()) if truth.size else 1.0)
            self._ious.append(
                float(np.mean([overlap(prediction == k, truth == k).iou for k in range(1, logits.shape[1])]))
            )

    @classmethod
    def merged(cls, tallies: Iterable["Tally"]) -> "Tally":
        """Several tallies as one."""
        merged = cls()
        for tally in tallies:
            merged._losses += tally._losses
            merged._accuracies += tally._accuracies
            merged._ious += tally._ious
        return merged

    def figures(self) -> Figures:
        """What the batches so far come to."""
        return Figures(*(float(np.mean(part)) for part in (self._losses, self._accuracies, self._ious)))
