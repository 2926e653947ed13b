"""Fixed batch sizes for CUDA graphs; without a GPU the same sizes, padding and slices run step by step."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.engines.fixed_batches import FixedBatches, FoldedNetwork, Outputs, batch_sizes
from model.engines.pytorch import TorchEngine
from model.errors import EngineError
from model.networks.torchvision import TorchvisionNetwork
from model.networks.unet import ResNet50UNet, SegmentationNetwork

CPU = torch.device("cpu")
SIDE = 64


class Recorder:
    """Stands in for CUDA graphs: repeats the work, and writes into the tensors that it gave."""

    def __init__(self) -> None:
        self.repeated: list[int] = []

    def __call__(self, work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
        outputs = work()

        def repeat() -> None:
            self.repeated.append(len(outputs[0]))
            for output, found in zip(outputs, work(), strict=True):
                output.copy_(found)

        return repeat, outputs


class Doubling(nn.Module):
    """Gives twice each input, and the mean of each."""

    def forward(self, x: Tensor) -> Outputs:
        return 2 * x, x.mean(dim=(1, 2, 3))[:, None]


def images(count: int, *, side: int = 4) -> NDArray[np.float32]:
    return np.random.default_rng(count).standard_normal((count, 1, side, side)).astype(np.float32)


def fixed(network: nn.Module, recorder: Recorder, *, sizes: tuple[int, ...], side: int = 4) -> FixedBatches:
    return FixedBatches(network, shape=(1, side, side), sizes=sizes, device=CPU, record=recorder)


@pytest.mark.parametrize(
    ("most", "sizes"),
    [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4, 6)), (32, (1, 2, 4, 8, 16, 32)), (64, (1, 2, 4, 8, 16, 32, 64))],
)
def test_sizes_double_up_to_the_largest(most: int, sizes: tuple[int, ...]) -> None:
    assert batch_sizes(most) == sizes


@pytest.mark.parametrize(("count", "size"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8)])
def test_batch_runs_in_the_next_larger_size(count: int, size: int) -> None:
    recorder = Recorder()
    doubled, means = fixed(Doubling(), recorder, sizes=(1, 2, 4, 8))(images(count))
    assert recorder.repeated == [size]
    np.testing.assert_array_equal(doubled, 2 * images(count))
    np.testing.assert_allclose(means[:, 0], images(count).mean(axis=(1, 2, 3)), atol=1e-6)


def test_recorded_work_is_repeated_without_new_images() -> None:
    recorder = Recorder()
    run = fixed(Doubling(), recorder, sizes=(1, 4))
    run(images(3))
    run.repeat(4)
    run.repeat(1)
    assert recorder.repeated == [4, 4, 1]


def test_output_is_not_overwritten_by_the_next_batch() -> None:
    run = fixed(Doubling(), Recorder(), sizes=(4,))
    first, _ = run(images(4))
    second, _ = run(images(2))
    np.testing.assert_array_equal(first, 2 * images(4))
    np.testing.assert_array_equal(second, 2 * images(2))


@pytest.fixture(scope="module", params=["unet", "fcn"])
def network(request: pytest.FixtureRequest) -> SegmentationNetwork:
    """A network with batch statistics other than the initial ones, as a trained one has."""
    torch.manual_seed(0)
    made: SegmentationNetwork = (
        ResNet50UNet(bridge_channels=16, decoder_channels=(16, 16, 16, 16), head_channels=16)
        if request.param == "unet"
        else TorchvisionNetwork("fcn")
    )
    made.train()
    with torch.inference_mode():
        for _ in range(3):
            made(torch.randn(4, 1, SIDE, SIDE) * 2 + 1)
    return made.eval()


@pytest.mark.slow
def test_folded_network_gives_the_same_output(network: SegmentationNetwork) -> None:
    folded = FoldedNetwork(network, dtype=torch.float32)
    assert not [module for module in folded.modules() if isinstance(module, nn.BatchNorm2d)]
    recorder = Recorder()
    with torch.inference_mode():
        probabilities, embedding = fixed(folded, recorder, sizes=(1, 2, 4), side=SIDE)(images(3, side=SIDE))
    expected = TorchEngine(network)(images(3, side=SIDE))
    assert recorder.repeated == [4]
    np.testing.assert_allclose(probabilities, expected.probabilities, atol=1e-4)
    np.testing.assert_allclose(embedding, expected.embedding, rtol=1e-3, atol=1e-4)


def test_half_precision_network_returns_float32(network: SegmentationNetwork) -> None:
    folded = FoldedNetwork(network, dtype=torch.bfloat16)
    with torch.inference_mode():
        outputs = folded(torch.from_numpy(images(1, side=SIDE)))
    assert {output.dtype for output in outputs} == {torch.float32}
    assert {parameter.dtype for parameter in folded.parameters()} == {torch.bfloat16}


def test_too_little_memory_is_reported(network: SegmentationNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(network)

    def exhausted(_: Tensor) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(network, "infer", exhausted)
    with pytest.raises(EngineError, match="Free the device's memory"):
        engine(images(1, side=SIDE))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("count", [1, 3, 8])
def test_graphs_agree_with_the_cpu(network: SegmentationNetwork, count: int) -> None:
    expected = TorchEngine(network)(images(count, side=SIDE))
    engine = TorchEngine(network, device="cuda", side=SIDE, max_batch=8)
    for _ in range(2):
        found = engine(images(count, side=SIDE))
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=2e-2)
