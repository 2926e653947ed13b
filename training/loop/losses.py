"""The training losses: cross-entropy, optionally with soft Dice loss, and that of distillation."""

import torch
from torch import Tensor
from torch.nn import functional

from ..data.datasets import HEART, IGNORE, LUNG, NOT_LUNG

BOUNDARY = 1 / 64
"""Distance up to which a pixel is near a boundary between classes, as a share of the image's side."""


def loss_of(logits: Tensor, target: Tensor, *, dice_weight: float, boundary_weight: float = 0.0) -> Tensor:
    """Return the mean loss of a batch.

    Args:
        logits: ``(B, num_classes, H, W)``.
        target: ``(B, H, W)`` int64. `IGNORE` pixels do not count; where there are no others, the loss
            is 0. At `NOT_LUNG` pixels background and heart are both right.
        dice_weight: Weight of the soft Dice loss (Milletari et al., 2016, without the squares), the
            mean over the foreground classes of the batch. The heart's Dice leaves `NOT_LUNG` pixels
            out.
        boundary_weight: Additional weight of the cross-entropy of pixels within `BOUNDARY` of a
            boundary between classes.

    Returns:
        A scalar; gradients flow to the logits.
    """
    logits = logits.float()
    counts = target != IGNORE  # (B, H, W)
    if not counts.any():
        return 0 * logits.sum()
    either = target == NOT_LUNG
    known = torch.where(counts & ~either, target, 0)
    pixels = functional.cross_entropy(logits, known, reduction="none")
    if either.any():
        not_lung = logits.logsumexp(dim=1) - logits[:, [0, HEART]].logsumexp(dim=1)
        pixels = torch.where(either, not_lung, pixels)
    weights = counts.float()
    if boundary_weight:
        weights = counts * (1 + boundary_weight * _near_boundary(known))
    loss = (pixels * weights).sum() / weights.sum()
    if not dice_weight:
        return loss
    one_hot = functional.one_hot(known, logits.shape[1])
    foreground = torch.arange(1, logits.shape[1], device=target.device).view(1, -1, 1, 1)
    annotated = counts[:, None] & (~either[:, None] | (foreground == LUNG))  # (B, K - 1, H, W)
    truth = one_hot.permute(0, 3, 1, 2)[:, 1:] * annotated
    predicted = logits.softmax(dim=1)[:, 1:] * annotated
    overlap = (predicted * truth).sum(dim=(0, 2, 3))
    total = (predicted + truth).sum(dim=(0, 2, 3))
    dice = (2 * overlap + 1) / (total + 1)
    return loss + dice_weight * (1 - dice.mean())


def distillation_loss(logits: Tensor, probabilities: Tensor) -> Tensor:
    """Return the mean cross-entropy with a teacher's probabilities (Hinton et al., 2015).

    Args:
        logits: ``(B, num_classes, H, W)``, the student's.
        probabilities: ``(B, num_classes, H, W)`` float32, the teacher's for the same images.
    """
    return functional.cross_entropy(logits.float(), probabilities)


def _near_boundary(target: Tensor) -> Tensor:
    """Return where another class lies within `BOUNDARY` in the maximum norm, ``(B, H, W)`` bool."""
    reach = max(1, round(BOUNDARY * target.shape[-1]))
    classes = target[:, None].float()
    window = 2 * reach + 1
    highest = functional.max_pool2d(classes, window, stride=1, padding=reach)
    lowest = -functional.max_pool2d(-classes, window, stride=1, padding=reach)
    return (highest != lowest)[:, 0]
