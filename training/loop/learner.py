"""A network in training, with its optimiser and its average."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from .batch_norm import estimate_statistics
from .distributed import Group
from .hardware import Hardware
from .optimisation import average_of, optimiser_of
from .recipes import Recipe
from .teacher import Teacher

_FEW_STEPS = 200
"""Up to this step of a run, the running batch statistics are replaced by those of a few batches."""

STATISTICS_BATCHES = 8


class Learner:
    """A network on its device, its optimiser, and the moving average of its weights.

    Args:
        network: Its weights are trained in place.
        recipe: Decides the optimiser, the decay of the average and the input channels.
        hardware: Device and precision.
        group: The processes that train the network together.
        state: What `state_dict` returned in an earlier process; None for a new run.
        teacher: The network that this one is distilled from; None learns from the masks alone.

    Attributes:
        network: Holds the weights; its batch normalisation sees the images of all processes.
        parallel: Computes the same logits; its gradients are those of the whole batch.
        average: The moving average of the weights and batch statistics.
        optimiser: Of the network's parameters.
        autocast: Bf16 where ``hardware`` asks for mixed precision.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        *,
        hardware: Hardware,
        group: Group,
        state: dict[str, Any] | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        device = torch.device(hardware.device)
        self.recipe, self.hardware, self.group, self.teacher = recipe, hardware, group, teacher
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.average = average_of(self.network, recipe)
        self.optimiser = optimiser_of(self.network, recipe)
        if state is not None:
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
        self.parallel = group.wrap(self.network)
        self.autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=hardware.mixed_precision)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs of this object."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def to_device(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return a batch on the device, with the recipe's channels.

        Args:
            x: ``(B, 1, S, S)``, the images.
            y: ``(B, S, S)`` int64, the masks.

        Returns:
            ``(B, C, S, S)`` and ``(B, S, S)``.
        """
        return to_device(x, y, device=self.hardware.device, channels=self.recipe.in_channels)

    def needs_statistics(self) -> bool:
        """Return whether the averaged batch statistics are still close to their initial values."""
        return self.recipe.average is not None and int(self.average.n_averaged) <= _FEW_STEPS

    def with_statistics(self, batches: Iterable[tuple[Tensor, Tensor]]) -> nn.Module:
        """Return a copy of the averaged network with the batch statistics of a few batches.

        Args:
            batches: Images ``(B, 1, S, S)`` and masks ``(B, S, S)``; the masks are not used.
        """
        network = self.group.synchronise_batch_norm(deepcopy(self.average.module))
        images = (self.to_device(x, y)[0] for x, y in batches)
        estimate_statistics(network, images, autocast=self.autocast)
        return network


def to_device(x: Tensor, y: Tensor, *, device: str, channels: int) -> tuple[Tensor, Tensor]:
    """Return a batch on the device.

    Args:
        x: ``(B, 1, S, S)``, the images.
        y: ``(B, S, S)`` int64, the masks.
        device: ``"cpu"`` or ``"cuda"``.
        channels: Channels of the network's input; the one channel is repeated.

    Returns:
        ``(B, channels, S, S)``, channels last in memory, and ``(B, S, S)``.
    """
    x = x.to(device, memory_format=torch.channels_last, non_blocking=True)
    return x.expand(-1, channels, -1, -1), y.to(device, non_blocking=True)
