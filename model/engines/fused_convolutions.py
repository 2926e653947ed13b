"""Convolutions whose bias, residual and ReLU cuDNN computes in one kernel."""

from __future__ import annotations

import copy
import logging
import operator
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

_log = logging.getLogger("pleura")
"""The logger that `logs` configures; this package does not import `logs`."""

_ALIGNMENT = 8
"""cuDNN fuses fp16 kernels whose numbers of channels are multiples of this."""

_SUMS = (operator.add, operator.iadd, torch.add)


class FusedConvolution(nn.Module):
    """A convolution, the sum with a residual where one is given, and a ReLU; on CUDA alone.

    Args:
        convolution: With a bias, padded with zeros; its weights are shared.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = convolution.weight, convolution.bias
        self._geometry: tuple[Any, ...] = (
            convolution.stride,
            convolution.padding,
            convolution.dilation,
            convolution.groups,
        )

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Map ``(B, C, H, W)`` to the activated output.

        Args:
            x: ``(B, C, H, W)``, channels last.
            residual: What is added before the ReLU, of the output's shape; None adds nothing.
        """
        output: Tensor
        if residual is None:
            output = torch.cudnn_convolution_relu(x, self.weight, self.bias, *self._geometry)
        else:
            output = torch.cudnn_convolution_add_relu(
                x, self.weight, residual, 1.0, self.bias, *self._geometry
            )
        return output


def fused_where_possible(traced: fx.GraphModule, example: Tensor) -> fx.GraphModule:
    """Return the network with its convolutions fused, or itself, with a warning, where cuDNN cannot run that.

    Args:
        traced: The network, with batch normalisation folded and on its device; left as it is.
        example: An input ``(B, C, S, S)`` of the largest batch, on which the fused network is tried.

    Raises:
        torch.OutOfMemoryError: The device has too little memory for the largest batch.
    """
    fused = fuse_convolutions(copy.deepcopy(traced))
    try:
        with torch.inference_mode():
            fused(example)
            if example.is_cuda:
                # A kernel that fails is reported at the next synchronisation.
                torch.cuda.synchronize(example.device)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        _log.warning("cuDNN cannot fuse the convolutions: the network runs unfused and slower (%s)", reason)
        return traced
    return fused


def fuse_convolutions(traced: fx.GraphModule) -> fx.GraphModule:
    """Replace each convolution whose output goes into a ReLU alone, or into a sum and then a ReLU.

    Args:
        traced: The network, with batch normalisation folded; changed in place.
    """
    modules = dict(traced.named_modules())
    for relu in list(traced.graph.nodes):
        if not _is(relu, nn.ReLU, modules):
            continue
        found = _convolution_before(relu, modules)
        if found is None:
            continue
        convolution, residuals = found
        name = f"{convolution.target}_fused"
        traced.add_submodule(name, FusedConvolution(cast(nn.Conv2d, modules[str(convolution.target)])))
        with traced.graph.inserting_before(relu):
            relu.replace_all_uses_with(traced.graph.call_module(name, (convolution.args[0], *residuals)))
    traced.graph.eliminate_dead_code()
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced


def _convolution_before(relu: fx.Node, modules: dict[str, nn.Module]) -> tuple[fx.Node, list[fx.Node]] | None:
    """Return the convolution that can take over a ReLU, and the residual that is added before it."""
    source, *residuals = _summands(cast(fx.Node, relu.args[0]), modules)
    if not _is(source, nn.Conv2d, modules) or len(source.users) != 1:
        return None
    module = cast(nn.Conv2d, modules[str(source.target)])
    aligned = module.in_channels % _ALIGNMENT == module.out_channels % _ALIGNMENT == 0
    return (source, residuals) if aligned else None


def _summands(node: fx.Node, modules: dict[str, nn.Module]) -> list[fx.Node]:
    """Return what a node adds, a convolution first; the node itself if it is no sum, or read twice."""
    if node.op != "call_function" or node.target not in _SUMS or len(node.users) != 1:
        return [node]
    summands = [part for part in node.args if isinstance(part, fx.Node)]
    # A shortcut may be a convolution too: either takes the other as its residual.
    return (
        sorted(summands, key=lambda part: not _is(part, nn.Conv2d, modules)) if len(summands) == 2 else [node]
    )


def _is(node: fx.Node, kind: type[nn.Module], modules: dict[str, nn.Module]) -> bool:
    return node.op == "call_module" and isinstance(modules.get(str(node.target)), kind)
