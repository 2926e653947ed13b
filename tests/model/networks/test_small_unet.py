import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from model.networks.small_unet import SmallUNet


@pytest.fixture(scope="module")
def network() -> SmallUNet:
    torch.manual_seed(0)
    return SmallUNet().eval()


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (192, 192)])
def test_logits_have_the_size_of_the_input(network: SmallUNet, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert network(torch.zeros(2, 1, *size)).shape == (2, 2, *size)


@pytest.mark.parametrize(("num_classes", "in_channels"), [(2, 1), (3, 1), (5, 3)])
def test_classes_and_channels_are_parameters(num_classes: int, in_channels: int) -> None:
    network = SmallUNet(num_classes=num_classes, in_channels=in_channels).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, in_channels, 32, 32)).shape == (1, num_classes, 32, 32)


def test_infer_gives_probabilities_and_an_embedding(network: SmallUNet) -> None:
    with torch.inference_mode():
        x = torch.randn(2, 1, 64, 64)
        probabilities, embedding = network.infer(x)
        torch.testing.assert_close(probabilities, network(x).softmax(dim=1))
    assert embedding.shape == (2, 128)


def test_every_parameter_learns() -> None:
    network = SmallUNet().train()
    network(torch.randn(2, 1, 64, 64)).square().mean().backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == []


def test_pixels_of_a_cell_are_predicted_separately() -> None:
    """Not one value for each 4 x 4 cell, which would make outlines stairs."""
    torch.manual_seed(0)
    logits = SmallUNet().eval()(torch.randn(1, 1, 64, 64))
    cell = logits[0, 0, 32:36, 32:36]
    assert len(cell.flatten().unique()) == 16


def test_it_takes_less_than_four_gflop_as_it_is_served(network: SmallUNet) -> None:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 1, 192, 192))
    assert counter.get_total_flops() < 2.4e9
