"""Convolutions fused for cuDNN. Without a GPU, the same sums stand in for its kernels."""

from typing import Any, Literal

import pytest
import torch
from torch import Tensor, fx, nn

from model.engines.fixed_batches import FoldedNetwork
from model.engines.fused_convolutions import FusedConvolution, fuse_convolutions, fused_where_possible
from model.networks.torchvision import TorchvisionNetwork
from model.networks.unet import ResNet50UNet, SegmentationNetwork

SHAPE = (2, 1, 64, 64)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cuDNN's kernels compute, on any device."""

    def relu(x: Tensor, weight: Tensor, bias: Tensor, *geometry: Any) -> Tensor:
        return torch.conv2d(x, weight, bias, *geometry).relu()

    def add_relu(
        x: Tensor, weight: Tensor, residual: Tensor, alpha: float, bias: Tensor, *geometry: Any
    ) -> Tensor:
        return (torch.conv2d(x, weight, bias, *geometry) + alpha * residual).relu()

    monkeypatch.setattr(torch, "cudnn_convolution_relu", relu)
    monkeypatch.setattr(torch, "cudnn_convolution_add_relu", add_relu)


def network(kind: Literal["unet", "fcn", "deeplabv3"] = "unet") -> SegmentationNetwork:
    torch.manual_seed(0)
    made = ResNet50UNet() if kind == "unet" else TorchvisionNetwork(kind)
    made.train()
    with torch.inference_mode():
        made(torch.randn(4, *SHAPE[1:]))
    return made.eval()


def kinds(module: nn.Module) -> list[type[nn.Module]]:
    return [type(part) for part in module.modules()]


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("kind", ["unet", "fcn", "deeplabv3"])
def test_fused_network_gives_the_same_output(kind: Literal["unet", "fcn", "deeplabv3"]) -> None:
    made = FoldedNetwork(network(kind), dtype=torch.float32)
    x = torch.randn(SHAPE)
    with torch.inference_mode():
        expected = made(x)
        assert made.fuse(SHAPE)
        found = made(x)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert kinds(made).count(FusedConvolution) > 48


@pytest.mark.usefixtures("kernels")
def test_first_layer_and_shortcuts_and_logits_stay_as_they_are() -> None:
    made = FoldedNetwork(network(), dtype=torch.float32)
    convolutions = kinds(made).count(nn.Conv2d)
    made.fuse(SHAPE)
    # One grey channel, the shortcuts of four stages, and the logits, which no ReLU follows.
    assert kinds(made).count(nn.Conv2d) == 6
    assert kinds(made).count(FusedConvolution) == convolutions - 6


def test_network_stays_as_it_is_without_such_kernels(caplog: pytest.LogCaptureFixture) -> None:
    made = FoldedNetwork(network(), dtype=torch.float32)
    before, x = kinds(made), torch.randn(SHAPE)
    with torch.inference_mode():
        expected = made(x)
        assert not made.fuse(SHAPE)
        found = made(x)
    assert kinds(made) == before
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)
    (warning,) = caplog.records
    assert (warning.name, warning.levelname) == ("pleura", "WARNING")
    assert "unfused and slower (Could not run 'aten::cudnn_convolution_relu'" in warning.getMessage()
    assert "\n" not in warning.getMessage()


class Plain(nn.Module):
    """A convolution that is fused."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.relu = nn.Conv2d(8, 8, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.convolution(x))  # type: ignore[no-any-return]


class OnCuda(Tensor):
    """A tensor that says it is on a GPU."""

    is_cuda = True


def test_too_little_memory_is_not_taken_for_missing_kernels(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted(*_: Any) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "cudnn_convolution_relu", exhausted)
    with pytest.raises(torch.OutOfMemoryError):
        fused_where_possible(fx.symbolic_trace(Plain().eval()), torch.zeros(1, 8, 2, 2))
    assert not caplog.records


@pytest.mark.usefixtures("kernels")
def test_kernel_that_fails_later_is_noticed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failed(_: torch.device) -> None:
        raise RuntimeError("CUDA error: misaligned address\nCompile with TORCH_USE_CUDA_DSA")

    traced = fx.symbolic_trace(Plain().eval())
    example = torch.zeros(1, 8, 2, 2).as_subclass(OnCuda)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: None)
    assert FusedConvolution in kinds(fused_where_possible(traced, example))
    assert not caplog.records
    monkeypatch.setattr(torch.cuda, "synchronize", failed)
    assert fused_where_possible(traced, example) is traced
    assert caplog.records[0].getMessage().endswith("slower (CUDA error: misaligned address)")


class Shared(nn.Module):
    """A convolution whose output is read by a ReLU and once more."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.relu = nn.Conv2d(8, 8, 1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)
        return self.relu(y) - y  # type: ignore[no-any-return]


def test_output_that_is_read_twice_is_not_fused() -> None:
    made = fuse_convolutions(fx.symbolic_trace(Shared().eval()))
    assert FusedConvolution not in kinds(made)
    assert made(torch.full((1, 8, 2, 2), -1.0)).shape == (1, 8, 2, 2)
