"""Fixed batch sizes for CUDA graphs; without a GPU the same sizes, padding and slices run step by step."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model.engines.fixed_batches import FixedBatches, FoldedNetwork, Outputs, SideBySide, batch_sizes
from model.engines.pytorch import TorchEngine
from model.errors import EngineError
from model.networks.torchvision import TorchvisionNetwork
from model.networks.unet import ResNet50UNet, SegmentationNetwork

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


def fixed(
    network: nn.Module,
    recorder: Recorder,
    *,
    sizes: tuple[int, ...],
    side: int = 4,
    dtype: torch.dtype = torch.float32,
) -> FixedBatches:
    return FixedBatches(
        network, shape=(1, side, side), dtype=dtype, sizes=sizes, record=recorder, stream=None
    )


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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_images_travel_in_the_precision_of_the_network(dtype: torch.dtype) -> None:
    inputs: list[torch.dtype] = []

    class Watching(Doubling):
        def forward(self, x: Tensor) -> Outputs:
            inputs.append(x.dtype)
            return super().forward(x)

    found = fixed(Watching(), Recorder(), sizes=(4,), dtype=dtype)(images(3))
    assert set(inputs) == {dtype}
    assert {part.dtype for part in found} == {np.dtype(np.float32)}
    halved = torch.from_numpy(images(3)).to(dtype)
    for part, expected in zip(found, Doubling()(halved), strict=True):
        np.testing.assert_array_equal(part, expected.float().numpy())


def test_two_callers_run_side_by_side_in_separate_buffers() -> None:
    together = Barrier(2, timeout=60)

    class Meeting(Recorder):
        def __call__(self, work: Callable[[], Outputs]) -> tuple[Callable[[], None], Outputs]:
            repeat, outputs = super().__call__(work)

            def repeat_together() -> None:
                repeat()
                together.wait()  # Until the other caller's batch is in its network too.

            return repeat_together, outputs

    run = SideBySide([fixed(Doubling(), Meeting(), sizes=(4,)) for _ in range(2)])
    batches = [images(count) for count in (2, 4, 3, 1)]
    with ThreadPoolExecutor(2) as callers:
        answers = list(callers.map(run, batches))
    for batch, (doubled, _) in zip(batches, answers, strict=True):
        np.testing.assert_array_equal(doubled, 2 * batch)


def test_failed_batch_leaves_room_for_the_next() -> None:
    lane = fixed(Doubling(), Recorder(), sizes=(1, 2))
    run = SideBySide([lane])
    with pytest.raises(ValueError, match="empty"):
        run(images(3))
    np.testing.assert_array_equal(run(images(2))[0], 2 * images(2))


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


def test_half_precision_network_returns_half_precision_in_order(network: SegmentationNetwork) -> None:
    folded = FoldedNetwork(network, dtype=torch.bfloat16)
    with torch.inference_mode():
        outputs = folded(torch.from_numpy(images(1, side=SIDE)))
    assert {output.dtype for output in outputs} == {torch.bfloat16}
    assert all(output.is_contiguous() for output in outputs)
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
    assert engine.fused
    for _ in range(2):
        found = engine(images(count, side=SIDE))
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=2e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_streams_give_each_caller_its_own_masks(network: SegmentationNetwork) -> None:
    engine = TorchEngine(network, device="cuda", side=SIDE, max_batch=8)
    batches = [images(count, side=SIDE) for count in range(1, 9)] * 10
    alone = [engine(batch).probabilities for batch in batches]
    with ThreadPoolExecutor(4) as callers:
        together = [output.probabilities for output in callers.map(engine, batches)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
