"""What is minimised: cross-entropy, with the Dice loss beside it where a recipe asks for it."""

import torch
from torch import Tensor
from torch.nn import functional

from .datasets import IGNORE

BOUNDARY = 1 / 64
"""How far from a boundary between classes a pixel is near it, as a share of the image's side."""


def loss_of(logits: Tensor, target: Tensor, *, dice_weight: float, boundary_weight: float = 0.0) -> Tensor:
    """Mean loss of a batch.

    Args:
        logits: ``(B, num_classes, H, W)``.
        target: ``(B, H, W)`` int64; `IGNORE` is left out. Where nothing else is, the loss is 0.
        dice_weight: weight of the soft Dice loss (Milletari et al., 2016, without the squares), mean over the foreground
            classes of the batch.
        boundary_weight: how much more the cross-entropy of a pixel counts that lies within `BOUNDARY` of the image's side of
            a boundary between classes.
    """
    logits = logits.float()
    counts = target != IGNORE  # (B, H, W)
    if not counts.any():
        return 0 * logits.sum()
    if boundary_weight:
        weights = counts * (1 + boundary_weight * _near_boundary(torch.where(counts, target, 0)))
        pixels = functional.cross_entropy(logits, target, ignore_index=IGNORE, reduction="none")
        loss = (pixels * weights).sum() / weights.sum()
    else:
        loss = functional.cross_entropy(logits, target, ignore_index=IGNORE)
    if not dice_weight:
        return loss
    one_hot = functional.one_hot(torch.where(counts, target, 0), logits.shape[1])
    truth = one_hot.permute(0, 3, 1, 2)[:, 1:] * counts[:, None]
    predicted = logits.softmax(dim=1)[:, 1:] * counts[:, None]
    overlap = (predicted * truth).sum(dim=(0, 2, 3))
    total = (predicted + truth).sum(dim=(0, 2, 3))
    dice = (2 * overlap + 1) / (total + 1)
    return loss + dice_weight * (1 - dice.mean())


def _near_boundary(target: Tensor) -> Tensor:
    """``(B, H, W)`` bool: another class lies within `BOUNDARY`, in the maximum norm."""
    reach = max(1, round(BOUNDARY * target.shape[-1]))
    classes = target[:, None].float()
    window = 2 * reach + 1
    highest = functional.max_pool2d(classes, window, stride=1, padding=reach)
    lowest = -functional.max_pool2d(-classes, window, stride=1, padding=reach)
    return (highest != lowest)[:, 0]
