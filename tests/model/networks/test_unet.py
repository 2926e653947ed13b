from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from model.networks.unet import LEAN_DECODER, DecoderBlock, ResNet50UNet, conv_bn_relu

STORED_LOGITS = (-1.65627, 2.17702, -0.499041, 0.3234)


@pytest.fixture(scope="module")
def network() -> ResNet50UNet:
    torch.manual_seed(0)
    return ResNet50UNet().eval()


def _deterministic_weights(network: nn.Module) -> None:
    """Weights from a formula, so that a stored output does not hang on a release's random numbers."""
    with torch.no_grad():
        for name, parameter in sorted(network.named_parameters()):
            wave = torch.sin(torch.arange(parameter.numel(), dtype=torch.float64) * 0.7 + len(name))
            fan = max(1, parameter[0].numel()) if parameter.ndim > 1 else 1
            scale = fan**-0.5 if parameter.ndim > 1 else 0.1
            offset = 1.0 if name.endswith("weight") and parameter.ndim == 1 else 0.0
            parameter.copy_((wave * scale + offset).float().reshape(parameter.shape))


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (256, 256)])
def test_logits_have_the_size_of_the_input(network: ResNet50UNet, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert network(torch.zeros(2, 1, *size)).shape == (2, 2, *size)


@pytest.mark.parametrize(("num_classes", "in_channels"), [(2, 1), (5, 3), (3, 4)])
def test_classes_and_channels_are_parameters(num_classes: int, in_channels: int) -> None:
    network = ResNet50UNet(num_classes=num_classes, in_channels=in_channels).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, in_channels, 32, 32)).shape == (1, num_classes, 32, 32)


def test_infer_gives_probabilities_and_an_embedding(network: ResNet50UNet) -> None:
    with torch.inference_mode():
        x = torch.randn(2, 1, 64, 64)
        probabilities, embedding = network.infer(x)
        torch.testing.assert_close(probabilities, network(x).softmax(dim=1))
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2, 64, 64))
    assert embedding.shape == (2, 256)


@pytest.mark.parametrize("decoder", [{}, LEAN_DECODER])
def test_every_parameter_learns(decoder: dict[str, Any]) -> None:
    network = ResNet50UNet(**decoder).train()
    network(torch.randn(2, 1, 64, 64)).square().mean().backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == []


def test_encoder_gives_torchvision_s_output() -> None:
    from torchvision.models import resnet50

    theirs = {key: value.shape for key, value in resnet50(weights=None).state_dict().items()}
    ours = {key: value.shape for key, value in ResNet50UNet(in_channels=3).encoder.state_dict().items()}
    assert ours == {key: shape for key, shape in theirs.items() if not key.startswith("fc.")}


def test_conv_bn_relu_keeps_the_size_and_cuts_below_zero() -> None:
    output = conv_bn_relu(3, 8)(torch.randn(2, 3, 17, 19))
    assert output.shape == (2, 8, 17, 19)
    assert output.min() == 0


def test_decoder_block_doubles_the_size() -> None:
    block = DecoderBlock(16, 8, 4)
    assert block(torch.zeros(1, 16, 5, 6), torch.zeros(1, 8, 10, 12)).shape == (1, 4, 10, 12)


def test_output_equals_the_stored_one() -> None:
    """The network's output does not change between versions, which would invalidate checkpoints."""
    network = ResNet50UNet().eval()
    _deterministic_weights(network)
    x = torch.sin(torch.arange(64 * 64).reshape(1, 1, 64, 64) / 37.0)
    with torch.inference_mode():
        logits = network(x)
    found = logits[0, :, 10, 50].tolist() + logits[0, :, 40, 13].tolist()
    assert found == pytest.approx(STORED_LOGITS, rel=1e-3, abs=1e-4)


def test_lean_decoder_takes_less_than_three_gflop_of_fourteen() -> None:
    network = ResNet50UNet(num_classes=3, **LEAN_DECODER).eval()
    x = torch.zeros(1, 1, 256, 256)
    with torch.inference_mode(), FlopCounterMode(display=False) as whole:
        network(x)
    with torch.inference_mode(), FlopCounterMode(display=False) as encoder:
        network._encode(x)
    total = whole.get_total_flops()
    assert total < 14e9
    assert total - encoder.get_total_flops() < 3e9
