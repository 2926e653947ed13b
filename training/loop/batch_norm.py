"""Batch normalisation over the images of all processes, on any device, and its statistics."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed, nn


class SharedBatchNorm2d(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` whose mean and variance are over the images of all processes, on any device.

    `torch.nn.SyncBatchNorm` does this on CUDA only. Parameters, buffers and their names are those of
    `torch.nn.BatchNorm2d`. The processes may have different numbers of images. All processes must call
    the same layer at the same time.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` ``(B, C, H, W)`` normalised, with its dtype."""
        if not self.training:
            plain: Tensor = super().forward(x)
            return plain
        variance, mean = torch.var_mean(x.float(), dim=(0, 2, 3), correction=0)
        # Each process counts by its pixels. Double, because the variance is a small difference of large
        # squares.
        own = torch.stack([mean, variance + mean**2]).double()  # (2, C)
        pixels = own.new_full((2, 1), x.numel() // x.shape[1])
        sums: Tensor = _Sum.apply(torch.cat([own * pixels, pixels], dim=1))
        count = sums[0, -1]
        mean, square = sums[:, :-1] / count
        variance = square - mean**2
        self._remember(mean.detach(), variance.detach(), float(count.detach()))
        scale = self.weight * (variance + self.eps).rsqrt().float()
        shift = self.bias - mean.float() * scale
        normalised: Tensor = x * scale[:, None, None] + shift[:, None, None]
        return normalised.to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: float) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.float(), self.momentum)
        self.running_var.lerp_((variance * count / max(count - 1, 1)).float(), self.momentum)


def estimate_statistics(network: nn.Module, batches: Iterable[Tensor], *, autocast: torch.autocast) -> None:
    """Set the running statistics of batch normalisation to their means over some batches.

    Running statistics start at 0 and 1, and a third of that is left after ten training steps: through
    fifty layers, a network in evaluation mode then finds nothing. Later they lag behind weights that
    change fast.

    Args:
        network: Is left in evaluation mode; its weights do not change.
        batches: ``(B, C, H, W)``.
        autocast: For the network alone; the images are augmented in float32.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    network.train()
    with torch.no_grad():
        for number, x in enumerate(batches):
            for layer in layers:
                layer.momentum = 1 / (1 + number)
            with autocast:
                network(x)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


def share_batch_norm(network: nn.Module) -> None:
    """Replace each `torch.nn.BatchNorm2d` by a `SharedBatchNorm2d` with the same parameters and buffers."""
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            shared = SharedBatchNorm2d(child.num_features, eps=child.eps, momentum=child.momentum)
            shared.weight, shared.bias = child.weight, child.bias
            shared.running_mean, shared.running_var = child.running_mean, child.running_var
            shared.num_batches_tracked = child.num_batches_tracked
            shared.train(child.training)
            setattr(network, name, shared)
        else:
            share_batch_norm(child)


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total
