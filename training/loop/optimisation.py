"""Optimiser, learning rate and moving average of the weights."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .recipes import Recipe, Stage

_WARMUP_STEPS = 10

Tensors = tuple[Tensor, ...] | list[Tensor]


def learning_rate(recipe: Recipe, stage: Stage, progress: float) -> float:
    """Return the learning rate at one moment of a stage.

    Args:
        recipe: Its schedule: constant, or linear warm-up and half a cosine.
        stage: Its highest learning rate.
        progress: Share of the stage's steps that are done, 0 to 1.
    """
    if recipe.schedule == "constant":
        return stage.learning_rate
    if progress < recipe.warmup:
        return stage.learning_rate * (progress / recipe.warmup * 0.99 + 0.01)
    done = (progress - recipe.warmup) / (1 - recipe.warmup)
    return stage.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)


def average_of(network: nn.Module, recipe: Recipe) -> AveragedModel:
    """Return the moving average of weights and batch statistics; with no average in the recipe, a copy."""
    return AveragedModel(network, multi_avg_fn=_moving_average(recipe.average or 0.0), use_buffers=True)


def _moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Return an exponential moving average whose decay grows with the steps.

    After n steps the decay is 1 - 10 / (1 + n), at least 0 and at most ``decay``, so that even a short
    run forgets its initial weights.
    """

    @torch.no_grad()
    def update(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
        keep = max(0.0, min(decay, 1 - _WARMUP_STEPS / (1 + float(steps))))
        get_ema_multi_avg_fn(keep)(averaged, current, steps)

    return update


def optimiser_of(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimiser; the loop sets its learning rate at each step.

    Args:
        network: On its device; on CUDA the fused AdamW is taken.
        recipe: Its optimiser, momentum and weight decay.
    """
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            network.parameters(), lr=0.0, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
    on_cuda = next(network.parameters()).is_cuda
    return torch.optim.AdamW(
        network.parameters(), lr=0.0, weight_decay=recipe.weight_decay, fused=on_cuda or None
    )


def compact(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights in float16, except tensors whose values float16 cannot hold."""
    return {key: _half(value) for key, value in weights.items()}


def _half(value: Tensor) -> Tensor:
    half = value.half()
    return half if value.is_floating_point() and bool(half.isfinite().all()) else value
