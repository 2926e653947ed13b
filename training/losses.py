"""What is minimised: cross-entropy, with the Dice loss beside it where a recipe asks for it."""

import torch
from torch import Tensor
from torch.nn import functional

from .datasets import IGNORE


def loss_of(logits: Tensor, target: Tensor, *, dice_weight: float) -> Tensor:
    """Mean loss of a batch.

    Args:
        logits: ``(B, num_classes, H, W)``.
        target: ``(B, H, W)`` int64; `IGNORE` is left out. Where nothing else is, the loss is 0.
        dice_weight: weight of the soft Dice loss (Milletari et al., 2016, without the squares), mean over the foreground
            classes of the batch.
    """
    logits = logits.float()
    counts = target != IGNORE  # (B, H, W)
    if not counts.any():
        return 0 * logits.sum()
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
