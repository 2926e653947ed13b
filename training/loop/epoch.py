"""One epoch of training and one of validation."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader

from ..data.datasets import SegmentationDataset
from .batches import StageBatches
from .distributed import ALONE, Group
from .epoch_metrics import EpochMetrics, ImageMetrics, mean_metrics
from .learner import Learner, to_device
from .losses import distillation_loss, loss_of
from .optimisation import learning_rate
from .recipes import Stage


def train_one_epoch(
    learner: Learner,
    batches: StageBatches,
    *,
    epoch: int,
    stage: Stage,
    done: int,
    on_step: Callable[[int, int, float], None],
) -> EpochMetrics:
    """Train a network on the batches of one epoch.

    Args:
        learner: Is trained in place.
        batches: Of the stage.
        epoch: Number within the run, from 0.
        stage: Decides the learning rate.
        done: Epochs of the stage before this one.
        on_step: Called after each step with the steps done, all steps of the epoch and the loss.

    Returns:
        The metrics over the training images of all processes.

    Raises:
        DataError: A file cannot be read; the message names it.
        FloatingPointError: The loss is NaN or infinite, in all processes alike. The weights are those
            before the step.
    """
    recipe, group = learner.recipe, learner.group
    learner.parallel.train()
    metrics = ImageMetrics()
    for step, (x, y) in enumerate(batches.epoch(epoch)):
        x, y = learner.to_device(x, y)
        rate = learning_rate(recipe, stage, (done + step / len(batches)) / stage.epochs)
        for parameters in learner.optimiser.param_groups:
            parameters["lr"] = rate
        with learner.autocast:
            logits = learner.parallel(x)
        loss = loss_of(
            *group.gather_batch(logits, y),
            dice_weight=recipe.dice_weight,
            boundary_weight=recipe.boundary_weight,
        )
        if learner.teacher is not None:
            loss = loss + distillation_loss(logits, learner.teacher(x))
        value = loss.item()
        require_finite(value)
        learner.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if recipe.clip_gradient is not None:
            nn.utils.clip_grad_norm_(learner.network.parameters(), recipe.clip_gradient)
        learner.optimiser.step()
        learner.average.update_parameters(learner.network)
        metrics.add(loss, logits.detach(), y)
        on_step(step + 1, len(batches), value)
    return mean_metrics(group.gather(metrics.rows()))


def validate(
    network: nn.Module,
    dataset: SegmentationDataset,
    *,
    device: str,
    channels: int,
    batch_size: int = 8,
    group: Group = ALONE,
) -> EpochMetrics:
    """Return the metrics of a network on a data set, without augmentation or post-processing.

    Args:
        network: Is set to evaluation mode.
        dataset: Pairs of network input and mask.
        device: Of the network.
        channels: Of the network's input.
        batch_size: Images in a batch.
        group: Each process evaluates its share of the batches.
    """
    network.eval()
    metrics = ImageMetrics()
    batches = list(BatchSampler(range(len(dataset)), batch_size, drop_last=False))[group.rank :: group.size]
    with torch.inference_mode():
        for x, y in DataLoader(dataset, batch_sampler=batches):
            x, y = to_device(x, y, device=device, channels=channels)
            logits = network(x)
            metrics.add(loss_of(logits, y, dice_weight=0), logits, y)
    return mean_metrics(group.gather(metrics.rows()))


def require_finite(loss: float) -> None:
    """Reject a loss that is NaN or infinite.

    Raises:
        FloatingPointError: It is.
    """
    if not math.isfinite(loss):
        raise FloatingPointError(f"The loss is {loss}.")
